/**
 * The load test: the real daemon against anvil and mock provers, with failing provers, reorganisations and kills if
 * wanted. Prints progress on standard error and one JSON line on standard output; exit code 1 when anything was lost,
 * done twice, or not reached in time.
 *
 *   npm run load -- --provers 16 --proof-ms 1000 --batches 200 [--fail-rate R --hang-rate R --reorg-rate R --kills N --seed S --chaos-seed S]
 *   npm run load -- --backlog 100000 --max-tx 2048 --provers 3 --proof-ms 15000 --users 200
 */
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createPublicClient, createTestClient, http } from 'viem'
import { pause, startDaemon, type LoadDaemon } from './load/daemon.ts'
import { readOptions, type LoadOptions } from './load/options.ts'
import { seeded } from '../src/random.ts'
import { forgedOnChain, judgeChain, measureSpeed } from './load/report.ts'
import { deposit, openTraffic, type Traffic } from './load/traffic.ts'
import { openWorld, type LoadWorld } from './load/world.ts'

const DRAIN_MS = 600_000

const say = (text: string): void => void process.stderr.write(`${text}\n`)

export async function load(options: LoadOptions): Promise<boolean> {
  const random = seeded(options.seed)
  const world = await openWorld(options)
  if (options.keep) say(`folder: ${world.folder}`)
  let daemon: LoadDaemon | null = null
  try {
    await deposit(world)
    daemon = await startDaemon(world.folder, world.config, flagsOf(options))
    const outcome = await run(options, world, random, daemon, next => (daemon = next))
    process.stdout.write(`${JSON.stringify({ ...outcome, options })}\n`)
    return outcome.lost === 0 && outcome.twice === 0 && outcome.reached
  } finally {
    await daemon?.stop()
    await world.close()
  }
}

async function run(
  options: LoadOptions,
  world: LoadWorld,
  random: () => number,
  first: LoadDaemon,
  onRestart: (daemon: LoadDaemon) => void,
) {
  const chain = createPublicClient({ transport: http(world.anvil.rpcUrl), cacheTime: 0 })
  let current = first
  let peak = 0
  const startsMs: number[] = []
  const traffic = await openTraffic(world, () => current.url)
  if (options.backlog > 0) await prepareBacklog(world, first.url, traffic, options.backlog)
  const began = performance.now()
  const cpuBefore = first.cpuMs()
  const warmUp = await forgedOnChain(chain, world)
  const target = warmUp + (options.backlog > 0 ? Math.ceil(options.backlog / options.maxTx) : options.batches)
  let over = false
  let forged = warmUp
  const killer = killAtRandom(
    options,
    random,
    () => over,
    async () => {
      peak = Math.max(peak, current.peakMemory())
      await current.kill()
      current = await startDaemon(world.folder, world.config, flagsOf(options))
      startsMs.push(Math.round(current.httpMs))
      onRestart(current)
    },
  )
  const reorganiser = reorganise(options, world, random, () => over)
  const sender = options.backlog > 0 ? undefined : keepSending(options, traffic.send, () => over)
  let said = 0
  const finished = (): boolean => forged >= target && killer.left() === 0
  while (!finished() && performance.now() - began < options.limitSeconds * 1000) {
    await pause(250)
    forged = await forgedOnChain(chain, world).catch(() => forged)
    if (performance.now() - said > 10_000) {
      said = performance.now()
      const seconds = ((said - began) / 1000).toFixed(0)
      say(`${seconds} s: batch ${forged} of ${target}, ${traffic.accepted.length} transfers, ${killer.done()} kills`)
    }
  }
  const seconds = (performance.now() - began) / 1000
  const cpuMs = current === first ? first.cpuMs() - cpuBefore : null
  over = true
  await Promise.all([killer.ended, reorganiser, sender])
  const drained = await drain(current.url, world)
  const databaseUrl = await databaseOf(world)
  const speed = await measureSpeed(world, databaseUrl, { ...options, warmUp })
  peak = Math.max(peak, current.peakMemory())
  await settleChain(options)
  const judged = await judgeChain(world, traffic.accepted)
  return {
    reached: finished() && drained,
    seconds: Number(seconds.toFixed(1)),
    ...judged,
    transfers: traffic.accepted.length,
    refused: traffic.refused,
    kills: killer.done(),
    actorKills: await actorKills(world),
    restartToHttpMs: startsMs.toSorted((a, b) => a - b)[Math.floor(startsMs.length / 2)] ?? null,
    peakMemoryMb: Math.round(peak / 2 ** 20),
    /** Of the daemon alone; null after a kill. */
    cpuMsPerBatch: cpuMs === null ? null : Math.round(cpuMs / Math.max(1, forged - warmUp)),
    ...speed,
  }
}

/** How many actors chaos has killed: the daemon says so in its log. */
async function actorKills(world: LoadWorld): Promise<number> {
  const log = await readFile(join(world.folder, 'daemon.log'), 'utf8')
  return log.split('"killed on purpose"').length - 1
}

/** What the daemon is told on its command line. */
const flagsOf = ({ chaosSeed }: LoadOptions): string[] =>
  chaosSeed === null ? [] : ['--chaos-seed', String(chaosSeed)]

/** Two blocks more, so that what was broadcast last is in. */
const settleChain = (options: LoadOptions): Promise<void> => pause(2_500 * options.blockSeconds)

/** Fills the pool while nothing is forged. */
async function prepareBacklog(world: LoadWorld, url: string, traffic: Traffic, count: number): Promise<void> {
  const token = await tokenOf(world, 'operator')
  const tell = async (what: 'pause' | 'resume'): Promise<void> => {
    const headers = { authorization: `Bearer ${token}` }
    const answer = await fetch(`${url}/v1/forger/${what}`, { method: 'POST', headers })
    if (!answer.ok) throw new Error(`${what}: ${answer.status} ${await answer.text()}`)
  }
  await tell('pause')
  // Accounts of batches that are given up would be gone again.
  while ((await underWay(url, await tokenOf(world, 'viewer'))) > 0) await pause(500)
  const telling = setInterval(() => say(`${traffic.accepted.length} of ${count} transfers in the pool`), 10_000)
  await traffic.fill(count).finally(() => clearInterval(telling))
  await tell('resume')
}

const UNDER_WAY = ['built', 'proving', 'proven', 'sent', 'mined']

/** Batches that are neither final nor given up. */
async function underWay(url: string, token: string): Promise<number> {
  const answer = await fetch(`${url}/v1/forger`, { headers: { authorization: `Bearer ${token}` } })
  const { batches } = (await answer.json()) as { batches: Record<string, number> } // our own API
  return UNDER_WAY.reduce((sum, state) => sum + (batches[state] ?? 0), 0)
}

const tokenOf = async (world: LoadWorld, name: 'operator' | 'viewer'): Promise<string> =>
  (await readFile(join(world.folder, 'data', 'tokens', name), 'utf8')).trim()

/** Sends about as many transfers as the provers can take. */
async function keepSending(
  { provers, proofMs, txsPerBatch }: LoadOptions,
  send: (count: number) => Promise<void>,
  over: () => boolean,
): Promise<void> {
  const perSecond = (provers * 1000 * txsPerBatch) / proofMs
  const began = performance.now()
  let sent = 0
  while (!over()) {
    const due = Math.floor(((performance.now() - began) / 1000) * perSecond) - sent
    if (due > 0) await send(Math.min(due, 10))
    sent += Math.min(Math.max(due, 0), 10)
    await pause(20)
  }
}

function killAtRandom({ kills }: LoadOptions, random: () => number, over: () => boolean, kill: () => Promise<void>) {
  let done = 0
  const run = async (): Promise<void> => {
    while (done < kills && !over()) {
      await pause(1_000 + random() * 5_000)
      if (over()) return
      await kill()
      done += 1
    }
  }
  const running = run()
  return { done: () => done, left: () => kills - done, ended: running }
}

async function reorganise(
  { reorgRate }: LoadOptions,
  world: LoadWorld,
  random: () => number,
  over: () => boolean,
): Promise<void> {
  if (reorgRate === 0) return
  const chain = createTestClient({ mode: 'anvil', transport: http(world.anvil.rpcUrl) })
  while (!over()) {
    await pause((random() * 2 * 1000) / reorgRate)
    const depth = 1 + Math.floor(random() * 3)
    // anvil takes [depth, transactions]; viem has no action for it
    await chain.request({ method: 'anvil_reorg', params: [depth, []] } as never).catch(() => {})
  }
}

/** Waits until nothing of ours is pending any more. */
async function drain(url: string, world: LoadWorld): Promise<boolean> {
  const token = await tokenOf(world, 'viewer')
  for (let waited = 0; waited < DRAIN_MS; waited += 500) {
    const answer = await fetch(`${url}/v1/forger/pool`, { headers: { authorization: `Bearer ${token}` } }).catch(
      () => null,
    )
    if (answer?.ok) {
      const { pending, forging } = (await answer.json()) as { pending: number; forging: number } // our own API
      if (pending + forging === 0) return true
    }
    await pause(500)
  }
  return false
}

/** The embedded server's socket lies in the data folder, or where the folder's note says. */
async function databaseOf(world: LoadWorld): Promise<string> {
  const folder = join(world.folder, 'data', 'postgres')
  const names = await readdir(folder)
  if (!names.some(name => name.startsWith('.s.PGSQL'))) throw new Error(`no socket in ${folder}`)
  return `postgres://forgekeeper@${encodeURIComponent(folder)}/postgres`
}

if (import.meta.main) {
  const options = readOptions(process.argv.slice(2))
  process.exitCode = (await load(options)) ? 0 : 1
}
