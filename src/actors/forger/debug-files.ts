/**
 * Writes each of our batches as a JSON file and again whenever it takes a step (reference 7.4), for those who watch a folder.
 *
 * The rows are the truth and the files a copy: it looks every half second, compares what it has written with what is
 * stored, and remembers nothing that a restart could lose. A file that cannot be written is a warning, never a crash.
 */
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Batch } from '../../entities/forger/batch.ts'
import { onDatabase } from '../../entities/outage.ts'
import type { Em, Orm } from '../../entities/orm.ts'
import { messageOf } from '../../errors.ts'
import { defineActor, type Context } from '../kit/actor.ts'
import { ref, type Ref } from '../kit/ref.ts'
import type { Look } from './messages.ts'
import { batchInfo } from './routes/batch-info.ts'
import { loadBatchRowsOf } from './routes/batches.ts'

export interface DebugFilesArgs {
  readonly db: () => Orm
  /** Made when it is not there. */
  readonly folder: string
  /** Files that are kept, those of the highest batch numbers. */
  readonly keep: number
}

export const debugFiles: Ref<Look> = ref('forger/debug-files')

interface State extends DebugFilesArgs {
  /** What was last written of each batch that may still change. */
  readonly written: Map<bigint, string>
  /** Batches up to here are known; null before the first look. */
  newest: bigint | null
}

const LOOK_EVERY_MS = 500
/** At its start it also writes the newest few that are settled: they may have been settled while nobody wrote. */
const LOOKED_BACK = 20n
const OPEN = ['built', 'proving', 'proven', 'sent', 'mined'] as const

export const debugFilesActor = defineActor<DebugFilesArgs, Look, State>({
  kind: 'forger/debug-files',
  mailbox: { capacity: 4, overflow: 'coalesce' },
  start(args, ctx) {
    ctx.every(LOOK_EVERY_MS, { type: 'look' })
    ctx.send(ctx.self, { type: 'look' })
    return { ...args, written: new Map(), newest: null }
  },
  async receive(state, _look, ctx) {
    const steps = await onDatabase(() => readSteps(state))
    let fresh = false
    for (const { id, step, settled } of steps) {
      if (state.written.get(id) === step) continue
      fresh = (await write(state, id, ctx)) || fresh
      if (settled) state.written.delete(id)
      else state.written.set(id, step)
    }
    if (fresh) await forgetOld(state, ctx)
    return state
  },
})

interface Step {
  readonly id: bigint
  /** Equal as long as nothing happened to the batch. */
  readonly step: string
  readonly settled: boolean
}

/** Batches that may have changed: those not settled when they were last seen, and those built since. */
async function readSteps(state: State): Promise<Step[]> {
  const em = state.db().em.fork()
  const known = [...state.written.keys()]
  const before = state.newest ?? (await newestId(em)) - LOOKED_BACK
  const since =
    state.newest === null ? { $or: [{ state: { $in: [...OPEN] } }, { id: { $gt: before } }] } : { id: { $gt: before } }
  const fields = ['state', 'postedAt', 'provenAt', 'sentAt', 'minedAt', 'finalAt', 'because'] as const
  const rows = await em.find(
    Batch,
    { $or: [since, { id: { $in: known } }], epoch: { $gt: 0 } },
    { fields, orderBy: { id: 'asc' } },
  )
  const tries = await countTries(
    em,
    rows.map(row => row.id),
  )
  const last = rows.at(-1)?.id ?? before
  state.newest = last > before ? last : before
  return rows.map(row => ({
    id: row.id,
    step: [row.state, row.because, tries.get(row.id), ...fields.slice(1, 6).map(name => String(row[name]))].join('|'),
    settled: !OPEN.some(open => open === row.state),
  }))
}

async function newestId(em: Em): Promise<bigint> {
  const [newest] = await em.find(Batch, {}, { orderBy: { id: 'desc' }, limit: 1, fields: ['num'] })
  return newest?.id ?? 0n
}

/** Postings to provers and signed transactions of each batch, as a text to compare. */
async function countTries(em: Em, ids: readonly bigint[]): Promise<Map<bigint, string>> {
  if (ids.length === 0) return new Map()
  const rows = await em.execute<{ id: string; jobs: string; attempts: string }[]>(
    `select b.id,
       (select count(*) from forger.prover_job j where j.batch_id = b.id) as jobs,
       (select count(*) from kernel.attempt a join kernel.intent i on i.id = a.intent_id where i.key = b.intent_key) as attempts
     from forger.batch b where b.id in (?)`,
    [ids],
  )
  return new Map(rows.map(({ id, jobs, attempts }) => [BigInt(id), `${jobs}/${attempts}`]))
}

/** Answers whether the file is new. */
async function write(state: State, id: bigint, ctx: Context<Look>): Promise<boolean> {
  const rows = await onDatabase(() => loadBatchRowsOf(state.db().em.fork(), id, true))
  const path = join(state.folder, fileName(rows.batch.num, rows.batch.createdAt))
  const info = batchInfo(rows, { inputs: true })
  try {
    await mkdir(state.folder, { recursive: true, mode: 0o750 })
    const before = await readBefore(path)
    // the rows let go of the inputs once a batch is settled; the file keeps them
    const whole = { ...info, ZKInputs: info['ZKInputs'] ?? before?.ZKInputs ?? null }
    await writeFile(`${path}.part`, `${JSON.stringify(whole, null, 2)}\n`, { mode: 0o640 })
    await rename(`${path}.part`, path)
    return before === null
  } catch (error) {
    ctx.log.warn('a debug file could not be written', { path, because: messageOf(error) })
    return false
  }
}

/** Batch number in 8 digits, seconds and milliseconds of its start: constant over the batch's life. */
export function fileName(num: number, createdAt: Date): string {
  const ms = createdAt.getTime()
  return `${String(num).padStart(8, '0')}-${Math.floor(ms / 1000)}.${String(ms % 1000).padStart(3, '0')}.json`
}

async function readBefore(path: string): Promise<{ readonly ZKInputs?: unknown } | null> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as { ZKInputs?: unknown } // written by `write`
  } catch {
    return null // not there, or not ours to keep: it is written anew
  }
}

async function forgetOld(state: State, ctx: Context<Look>): Promise<void> {
  try {
    const names = (await readdir(state.folder)).filter(name => /^\d{8,}-\d+\.\d{3}\.json$/.test(name)).toSorted()
    for (const name of names.slice(0, -state.keep)) await rm(join(state.folder, name), { force: true })
  } catch (error) {
    ctx.log.warn('old debug files could not be deleted', { folder: state.folder, because: messageOf(error) })
  }
}
