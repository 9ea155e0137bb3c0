/**
 * How every peer is measured: the same messages, the same counts, the same clock.
 */

/** Rates are per second, times in microseconds, memory in bytes. Null: this peer has no such thing. */
export interface Figures {
  readonly oneToOne: number
  readonly fanOut: number
  readonly ask1: number
  readonly ask100: number
  readonly restartMedianUs: number
  readonly restartP99Us: number
  readonly restartGroupUs: number | null
  readonly starts: number
  readonly heapPerActor: number
  readonly callAt100Us: number | null
  readonly callAt50kUs: number | null
  readonly bytesPerCrash: number
}

/** What a peer must be able to do. */
export interface Peer {
  /** A message to an actor that counts. */
  send(actor: number): void
  /** Resolves when this actor has counted so many since it was last asked to. */
  counted(actor: number, messages: number): Promise<void>
  ask(actor: number): Promise<unknown>
  /** Crashes the actor; resolves when it has handled a message sent right after that. */
  crash(actor: number): Promise<unknown>
  /** Starts so many more idle actors, one after the other. */
  startMore(many: number): Promise<void>
}

/** The counting actors there are; number 0 is used alone. */
export const ACTORS = 1001

const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const from = performance.now()
  await work()
  return performance.now() - from
}

export async function oneToOne(peer: Peer, messages = 500_000): Promise<number> {
  const burst = async (): Promise<void> => {
    const counted = peer.counted(0, messages)
    for (let at = 0; at < messages; at++) peer.send(0)
    await counted
  }
  for (let times = 0; times < 3; times++) await burst()
  return (messages / (await timed(burst))) * 1000
}

export async function fanOut(peer: Peer, each = 300): Promise<number> {
  const burst = async (): Promise<void> => {
    const all = Array.from({ length: ACTORS - 1 }, (_, at) => peer.counted(at + 1, each))
    for (let times = 0; times < each; times++) for (let actor = 1; actor < ACTORS; actor++) peer.send(actor)
    await Promise.all(all)
  }
  await burst()
  return ((each * (ACTORS - 1)) / (await timed(burst))) * 1000
}

export async function asks(peer: Peer, clients: number, questions = 60_000): Promise<number> {
  const client = async (): Promise<void> => {
    for (let at = 0; at < questions / clients; at++) await peer.ask(0)
  }
  const all = (): Promise<unknown> => Promise.all(Array.from({ length: clients }, client))
  await all()
  return (questions / (await timed(all))) * 1000
}

/** From the crash to the first message handled; one crash a millisecond. */
export async function restarts(peer: Peer, crashes = 1500): Promise<{ median: number; p99: number }> {
  const times: number[] = []
  for (let at = 0; at < crashes; at++) {
    const took = await timed(() => peer.crash(0))
    times.push(took * 1000)
    await new Promise(resolve => setTimeout(resolve, 1))
  }
  const sorted = times.slice(100).toSorted((a, b) => a - b)
  return { median: quantile(sorted, 0.5), p99: quantile(sorted, 0.99) }
}

export async function crowd(peer: Peer, many = 100_000): Promise<{ starts: number; heapPerActor: number }> {
  await peer.startMore(2000)
  const before = heap()
  const took = await timed(() => peer.startMore(many))
  return { starts: (many / took) * 1000, heapPerActor: (heap() - before) / many }
}

/** Heap that every crash and restart leaves behind, over many of them and many actors. */
export async function soak(peer: Peer, cycles = 100_000): Promise<number> {
  const run = async (some: number): Promise<void> => {
    for (let at = 0; at < some; at += 100) {
      const first = at % (ACTORS - 1)
      await Promise.all(Array.from({ length: 100 }, (_, next) => peer.crash(first + next + 1)))
    }
  }
  await run(5000)
  const before = heap()
  await run(cycles)
  return (heap() - before) / cycles
}

export async function callUs(call: () => Promise<unknown>, calls = 2000): Promise<number> {
  for (let at = 0; at < calls; at++) await call()
  const took = await timed(async () => {
    for (let at = 0; at < calls; at++) await call()
  })
  return (took * 1000) / calls
}

export const quantile = (sorted: readonly number[], part: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN

/** After a full collection, if the process was started with `--expose-gc`. */
export function heap(): number {
  for (let times = 0; times < 3; times++) globalThis.gc?.()
  return process.memoryUsage().heapUsed
}
