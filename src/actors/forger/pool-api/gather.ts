/**
 * Does together what is asked for one by one: while a round is under way, what comes in waits for the next. Alone, nobody
 * waits; under load the rounds grow by themselves.
 */
const LARGEST_ROUND = 500

/** `run` answers one result for each item, in order; when it throws, everybody of the round is told. */
export function gather<Item, Result>(
  run: (items: readonly Item[]) => Promise<readonly Result[]>,
): (item: Item) => Promise<Result> {
  interface Waiting {
    readonly item: Item
    readonly resolve: (result: Result) => void
    readonly reject: (error: unknown) => void
  }
  let waiting: Waiting[] = []
  let running = false

  const round = async (): Promise<void> => {
    const batch = waiting.splice(0, LARGEST_ROUND)
    try {
      const results = await run(batch.map(({ item }) => item))
      for (const [index, { resolve }] of batch.entries()) resolve(results[index] as Result) // one for each, by promise
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
  }
  const rounds = async (): Promise<void> => {
    running = true
    while (waiting.length > 0) await round()
    running = false
  }
  return item =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject })
      // the requests that arrived in this turn of the event loop make one round
      if (!running) {
        running = true
        setImmediate(() => void rounds())
      }
    })
}
