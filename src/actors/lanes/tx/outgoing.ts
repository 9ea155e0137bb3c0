/**
 * Groups of committed transactions on their way to the endpoints: one group at a time, in order, while the next one is
 * read, signed and committed.
 */
export interface Outgoing {
  /** Starts this as soon as what was started before has ended, and resolves then. Throws what that one threw. */
  next(work: () => Promise<void>): Promise<void>
  /** Resolves when nothing is on its way. Throws what the last one threw. */
  ended(): Promise<void>
}

export function outgoing(): Outgoing {
  let last = Promise.resolve()
  return {
    next: async work => {
      await last
      last = work()
      last.catch(() => {}) // whoever asks next hears of it
    },
    ended: () => last,
  }
}
