/**
 * How busy the pool keeps its provers, and how fast a batch reaches an idle one: N mock provers in another process, the
 * real book on the embedded server, batches stored as fast as they are proven. Prints one JSON line.
 *
 *   node bench/prover-pool.ts [provers] [proof ms] [batches] [input bytes]
 */
import { fork } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runMockProvers } from '../src/actors/forger/mock-prover.ts'
import { proofBook } from '../src/actors/forger/proof-book.ts'
import { defineActor } from '../src/actors/kit/actor.ts'
import { ref } from '../src/actors/kit/ref.ts'
import { proverPoolOf } from '../src/actors/lanes/prover-pool-messages.ts'
import { proverPool } from '../src/actors/lanes/prover-pool.ts'
import { proverPoolParts } from '../src/actors/lanes/prover/parts.ts'
import { prover } from '../src/actors/lanes/prover/prover.ts'
import { systemClock } from '../src/clock.ts'
import { startPostgres } from '../src/embedded/postgres.ts'
import { forgerSchema } from '../src/entities/forger/index.ts'
import { kernelSchema } from '../src/entities/kernel/index.ts'
import { migrate, openOrm, type Orm } from '../src/entities/orm.ts'
import { silentLog } from '../src/log.ts'
import { supervisor, worker } from '../src/supervisors/child.ts'
import { createSystem } from '../src/supervisors/system.ts'

const [provers = 16, proofMs = 1000, batches = 320, inputBytes = 200_000] = process.argv.slice(2).map(Number)
const LOOKAHEAD = 16
const input = JSON.stringify({ filler: 'x'.repeat(inputBytes) })

if (process.send) await host()
else await measure()

/** The other process: the mock provers, until it is told to end. */
async function host(): Promise<void> {
  const options = { port: 0, delayMs: proofMs, failRate: 0, hangRate: 0, seed: 1, log: silentLog }
  const running = await runMockProvers(provers, options)
  process.send?.(running.map(({ url }) => url))
  process.once('disconnect', () => void Promise.all(running.map(one => one.close())).then(() => process.exit(0)))
}

async function measure(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'fk-bench-'))
  const mocks = fork(import.meta.filename, process.argv.slice(2))
  const urls = await new Promise<string[]>(resolve => mocks.once('message', message => resolve(message as string[]))) // sent by host()
  const server = await startPostgres({ folder, log: silentLog })
  const schemas = [kernelSchema, forgerSchema]
  const orm = await openOrm(server.url, schemas, 20)
  await migrate(orm, server.url, schemas)
  const wallMs = await run(orm, urls)
  const latency = await orm.em.execute<{ ms: string }[]>(
    `select extract(epoch from j.posted_at - b.created_at) * 1000 as ms from forger.prover_job j
     join forger.batch b on b.id = j.batch_id where b.epoch = 2 order by 1`,
  )
  const at = (part: number): number => Math.round(Number(latency[Math.floor((latency.length - 1) * part)]?.ms ?? NaN))
  const utilisation = Math.round((1000 * batches) / ((provers * wallMs) / proofMs)) / 1000
  process.stdout.write(
    `${JSON.stringify({ provers, proofMs, batches, utilisation, wallMs, toIdleProverMs: { p50: at(0.5), p99: at(0.99), samples: latency.length }, rssMb: Math.round(process.memoryUsage.rss() / 2 ** 20) })}\n`,
  )
  await orm.close()
  await server.stop(2000)
  mocks.disconnect()
  await rm(folder, { recursive: true, force: true })
}

/** Proves all batches with full pockets, then some one by one; answers how long the first part took. */
async function run(orm: Orm, urls: readonly string[]): Promise<number> {
  let wake = (): void => {}
  const listener = ref<{ readonly type: 'look' }>('listener')
  const actor = defineActor<undefined, { readonly type: 'look' }, null>({
    kind: 'listener',
    start: () => null,
    receive: () => {
      wake()
      return null
    },
  })
  const book = proofBook(() => orm.em.fork())
  const parts = proverPoolParts({
    role: 'bench',
    urls,
    inputPath: 'input',
    pollMs: 1000,
    proofTimeoutMs: 60_000,
    maxAttempts: 5,
    book,
    notify: [listener],
    fetch,
    clock: systemClock,
  })
  const children = [
    worker({ id: listener.id, actor, args: () => undefined }),
    worker({ id: parts.pool.id, actor: proverPool, args: () => parts.pool.args }),
    ...parts.provers.map(({ id, args }) => worker({ id, actor: prover, args: () => args })),
  ]
  const system = createSystem(supervisor({ id: 'root', strategy: 'one-for-one', children }), {
    clock: systemClock,
    random: Math.random,
    log: silentLog,
  })
  await system.start()
  await systemClock.sleep(500)
  const look = (): void => system.send(proverPoolOf('bench'), { type: 'look' })
  const open = async (): Promise<number> => {
    const [row] = await orm.em.execute<{ n: string }[]>(
      `select count(*) as n from forger.batch where state in ('built', 'proving')`,
    )
    return Number(row?.n)
  }
  const began = performance.now()
  for (let stored = 0; ;) {
    const missing = Math.min(batches - stored, provers + LOOKAHEAD - (await open()))
    for (let i = 0; i < missing; i += 1) await store(orm, (stored += 1), 1)
    if (missing > 0) look()
    if (stored === batches && (await open()) === 0) break
    await new Promise<void>(resolve => (wake = resolve))
  }
  const wallMs = Math.round(performance.now() - began)
  for (let num = batches + 1; num <= batches + 100; num += 1) {
    await store(orm, num, 2)
    look()
    await systemClock.sleep(Math.max(20, proofMs / provers) + 30 * Math.random())
  }
  while ((await open()) > 0) await systemClock.sleep(50)
  await system.stop(1000)
  return wallMs
}

async function store(orm: Orm, num: number, epoch: number): Promise<void> {
  await orm.em.fork().execute(
    `insert into forger.batch (num, epoch, old_root, new_root, new_exit_root, old_last_idx, new_last_idx, l1_user_txs,
       l1_coordinator_txs, l2_txs, encoded_l1_coordinator_tx, l1_l2_txs_data, fee_idx_coordinator, verifier_idx,
       public_input, prover_input, start_block, created_at)
     values (?, ?, 0, 0, 0, 255, 255, 0, 0, 0, '0x', '0x', '0x', 0, ?, ?, 1, ?)`,
    [num, epoch, 1000 + num, input, new Date()],
  )
}
