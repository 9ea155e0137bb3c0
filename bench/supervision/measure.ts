/**
 * How every peer is measured: the same messages, the same counts, the same clock.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Rates are per second, times in microseconds, memory in bytes. */
export interface Figures {
  readonly oneToOne: number
  readonly fanOut: number
  readonly ask1: number
  readonly ask100: number
  readonly restartMedianUs: number
  readonly restartP99Us: number
  readonly restartGroupUs: number
  readonly starts: number
  readonly heapPerActor: number
  readonly callAt100Us: number
  readonly callAt50kUs: number
  readonly bytesPerCrash: number
}

/** What a peer must be able to do. What it has no word for is null, and so is the figure. */
export interface Peer {
  /** A message to an actor that counts. */
  send(actor: number): void
  /** Resolves when this actor has counted so many since it was last asked to. */
  counted(actor: number, messages: number): Promise<void>
  ask(actor: number): Promise<unknown>
  /** Crashes the actor; resolves when it has handled a message sent right after that. */
  crash(actor: number): Promise<unknown>
  /** Crashes one of a hundred that restart together; resolves when all of them have handled a message. */
  readonly crashGroup: (() => Promise<unknown>) | null
  /** Starts so many more idle actors, one after the other. */
  startMore(many: number, pool?: Pool): Promise<void>
  /** Starts one more and ends it again. */
  readonly startAndEnd: ((pool: Pool) => Promise<unknown>) | null
}

/** Two supervisors of actors made on request. */
export type Pool = 'small' | 'large'

/** Each is run in a process of its own. */
export const MEASURES = ['messages', 'asks', 'restart', 'group', 'crowd', 'calls', 'soak'] as const
export type Measure = (typeof MEASURES)[number]

/** Takes one measure and prints its figures as one JSON line. */
export async function report(peer: Peer, measure: string | undefined): Promise<void> {
  process.stdout.write(`${JSON.stringify(await take(peer, measure as Measure))}\n`) // an unknown one prints nothing
  process.exit(0)
}

async function take(peer: Peer, measure: Measure): Promise<Partial<Figures>> {
  switch (measure) {
    case 'messages':
      return { oneToOne: await oneToOne(peer), fanOut: await fanOut(peer) }
    case 'asks':
      return { ask1: await asks(peer, 1), ask100: await asks(peer, 100) }
    case 'restart':
      return await restarts(peer)
    case 'group':
      return await groupRestarts(peer)
    case 'crowd':
      return await crowd(peer)
    case 'calls':
      return await calls(peer)
    case 'soak':
      return { bytesPerCrash: await soak(peer) }
  }
}

/** The counting actors there are; number 0 is used alone. */
export const ACTORS = 1001

const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const from = performance.now()
  await work()
  return performance.now() - from
}

async function oneToOne(peer: Peer, messages = 500_000): Promise<number> {
  const burst = async (): Promise<void> => {
    const counted = peer.counted(0, messages)
    for (let at = 0; at < messages; at++) peer.send(0)
    await counted
  }
  for (let times = 0; times < 3; times++) await burst()
  return (messages / (await timed(burst))) * 1000
}

async function fanOut(peer: Peer, each = 300): Promise<number> {
  const burst = async (): Promise<void> => {
    const all = Array.from({ length: ACTORS - 1 }, (_, at) => peer.counted(at + 1, each))
    for (let times = 0; times < each; times++) for (let actor = 1; actor < ACTORS; actor++) peer.send(actor)
    await Promise.all(all)
  }
  for (let times = 0; times < 3; times++) await burst()
  return ((each * (ACTORS - 1)) / (await timed(burst))) * 1000
}

async function asks(peer: Peer, clients: number, questions = 60_000): Promise<number> {
  const client = async (): Promise<void> => {
    for (let at = 0; at < questions / clients; at++) await peer.ask(0)
  }
  const all = (): Promise<unknown> => Promise.all(Array.from({ length: clients }, client))
  await all()
  return (questions / (await timed(all))) * 1000
}

/** Crashes that only warm up, of every peer alike. */
const WARM = 500

/** From the crash to the first message handled; one crash a millisecond. */
async function restarts(peer: Peer, crashes = 2000): Promise<Partial<Figures>> {
  const times: number[] = []
  for (let at = 0; at < crashes; at++) {
    times.push((await timed(() => peer.crash(0))) * 1000)
    await new Promise(resolve => setTimeout(resolve, 1))
  }
  const sorted = ascending(times.slice(WARM))
  return { restartMedianUs: quantile(sorted, 0.5), restartP99Us: quantile(sorted, 0.99) }
}

async function groupRestarts({ crashGroup }: Peer, crashes = 300): Promise<Partial<Figures>> {
  if (crashGroup === null) return {}
  const times: number[] = []
  for (let at = 0; at < crashes; at++) times.push((await timed(crashGroup)) * 1000)
  return { restartGroupUs: quantile(ascending(times.slice(100)), 0.5) }
}

async function crowd(peer: Peer, many = 100_000): Promise<Partial<Figures>> {
  await peer.startMore(2000)
  const before = heap()
  const took = await timed(() => peer.startMore(many))
  return { starts: (many / took) * 1000, heapPerActor: (heap() - before) / many }
}

/** Heap that every crash and restart leaves behind, over many of them and many actors. */
async function soak(peer: Peer, cycles = 100_000): Promise<number> {
  const run = async (some: number): Promise<void> => {
    for (let at = 0; at < some; at += 100) {
      const first = at % (ACTORS - 1)
      await Promise.all(Array.from({ length: 100 }, (_, next) => peer.crash(first + next + 1)))
    }
  }
  await run(20_000)
  const before = heap()
  await run(cycles)
  return (heap() - before) / cycles
}

/**
 * A supervisor's calls with a hundred children and with fifty thousand: two supervisors of one system, called in turns,
 * so that the same heap and the same noise are around both.
 */
async function calls({ startMore, startAndEnd }: Peer, turns = 40, each = 250): Promise<Partial<Figures>> {
  if (startAndEnd === null) return {}
  await startMore(100, 'small')
  await startMore(50_000, 'large')
  const took: Record<Pool, number[]> = { small: [], large: [] }
  for (let turn = 0; turn < turns; turn++) {
    for (const pool of ['small', 'large'] as const) {
      const ms = await timed(async () => {
        for (let at = 0; at < each; at++) await startAndEnd(pool)
      })
      took[pool].push((ms * 1000) / each)
    }
  }
  const middle = (pool: Pool): number => quantile(ascending(took[pool].slice(turns / 4)), 0.5)
  return { callAt100Us: middle('small'), callAt50kUs: middle('large') }
}

const ascending = (values: readonly number[]): number[] => values.toSorted((a, b) => a - b)

export const quantile = (sorted: readonly number[], part: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void // V8 puts it there because of the flag

/** Heap bytes in use after a full collection. */
export function heap(): number {
  for (let times = 0; times < 3; times++) collect()
  return process.memoryUsage().heapUsed
}
