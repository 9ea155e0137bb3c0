/**
 * What an incarnation holds open is closed once, however it ends: in order, by a crash, or killed. The signal aborts in
 * every one of these cases; `stop` alone runs only in the first.
 */

/** Calls `close` when the signal aborts or at the first call of the answer, whichever is first; never twice. */
export function closing(signal: AbortSignal, close: () => Promise<unknown>): () => Promise<void> {
  let closed: Promise<void> | null = null
  const run = async (): Promise<void> => void (await close())
  const once = (): Promise<void> => (closed ??= run())
  // whoever stops it in order hears of a failure
  const onAbort = (): void => void once().catch(() => undefined)
  if (signal.aborted) onAbort()
  else signal.addEventListener('abort', onAbort, { once: true })
  return once
}
