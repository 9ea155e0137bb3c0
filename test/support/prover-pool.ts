/** A prover pool on its own, with the real book on a real database, under a supervisor as in the daemon. */
import type { ExecutionContext } from 'ava'
import { proofBook } from '../../src/actors/forger/proof-book.ts'
import { defineActor } from '../../src/actors/kit/actor.ts'
import { ref } from '../../src/actors/kit/ref.ts'
import { proverPoolOf, type ProverStatus } from '../../src/actors/lanes/prover-pool-messages.ts'
import { proverPool } from '../../src/actors/lanes/prover-pool.ts'
import type { ProofBook } from '../../src/actors/lanes/prover/book.ts'
import { proverPoolParts, type ProverPoolOptions } from '../../src/actors/lanes/prover/parts.ts'
import { prover } from '../../src/actors/lanes/prover/prover.ts'
import { systemClock, type Clock } from '../../src/clock.ts'
import { Batch, ProverJob } from '../../src/entities/forger/batch.ts'
import type { Orm } from '../../src/entities/orm.ts'
import { silentLog } from '../../src/log.ts'
import { supervisor, worker } from '../../src/supervisors/child.ts'
import { createSystem, type System } from '../../src/supervisors/system.ts'
import { PATIENCE_MS, waitFor } from './patience.ts'

export interface RunningPool {
  readonly system: System
  readonly book: ProofBook
  /** How often a proof or a failure was told. */
  told(): number
  look(): void
  status(): Promise<readonly ProverStatus[]>
  /** The state of every batch by number; retries until it is as wanted. */
  batches(): Promise<Record<number, string>>
  jobs(): Promise<{ num: number; prover: string; state: string; error: string | null }[]>
  until(what: string, holds: () => Promise<boolean> | boolean): Promise<void>
  stop(): Promise<void>
}

export type PoolOptions = Partial<Omit<ProverPoolOptions, 'role' | 'urls' | 'book' | 'notify'>> & {
  readonly clock?: Clock
  readonly wrapBook?: (book: ProofBook) => ProofBook
}

const LIMITS = {
  backoff: { minMs: 20, maxMs: 100 },
  idleLookMs: 100,
  lookMs: 200,
  unreachableMs: 600_000,
  minPollMs: 5,
  timeoutMs: 60_000,
}

/** Starts a pool; it is stopped with its test. */
export async function startPool(
  t: ExecutionContext,
  orm: Orm,
  urls: readonly string[],
  options: PoolOptions = {},
): Promise<RunningPool> {
  const { clock = systemClock, wrapBook = same => same, limits, ...rest } = options
  const book = wrapBook(proofBook(() => orm.em.fork()))
  let told = 0
  const listener = ref<{ readonly type: 'look' }>('listener')
  const hears = defineActor<undefined, { readonly type: 'look' }, null>({
    kind: 'listener',
    start: () => null,
    receive: () => {
      told += 1
      return null
    },
  })
  const parts = proverPoolParts({
    role: 'test',
    urls,
    inputPath: 'input',
    pollMs: 50,
    proofTimeoutMs: 600_000,
    maxAttempts: 5,
    fetch,
    ...rest,
    book,
    clock,
    notify: [listener],
    limits: { ...LIMITS, ...limits },
  })
  const root = supervisor({
    id: 'root',
    strategy: 'one-for-one',
    intensity: 3,
    children: [
      worker({ id: listener.id, actor: hears, args: () => undefined }),
      worker({ id: parts.pool.id, actor: proverPool, args: () => parts.pool.args }),
      ...parts.provers.map(({ id, args }) => worker({ id, actor: prover, args: () => args })),
    ],
  })
  const system = createSystem(root, { clock, random: () => 0.5, log: silentLog })
  await system.start()
  t.teardown(() => system.stop(PATIENCE_MS))
  const pool = proverPoolOf('test')
  return {
    system,
    book,
    told: () => told,
    look: () => system.send(pool, { type: 'look' }),
    status: () =>
      system.ask(
        pool,
        (reply: (answer: readonly ProverStatus[]) => void) => ({ type: 'status' as const, reply }),
        PATIENCE_MS,
      ),
    batches: async () => {
      const rows = await orm.em.fork().find(Batch, {}, { orderBy: { num: 'asc' } })
      return Object.fromEntries(rows.map(row => [row.num, row.state]))
    },
    jobs: async () => {
      const rows = await orm.em.fork().find(ProverJob, {}, { orderBy: { id: 'asc' }, populate: ['batch'] })
      return rows.map(row => ({
        num: row.batch.$.num,
        prover: row.prover,
        state: row.state,
        error: row.error ?? null,
      }))
    },
    until: (what, holds) => waitFor(what, holds),
    stop: () => system.stop(PATIENCE_MS),
  }
}
