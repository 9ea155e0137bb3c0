/**
 * Signals: the first asks for an orderly stop, a second one ends the process at once.
 *
 * npm passes a terminal's Ctrl-C on to a child that has had it already, so the same signal twice within half a second is
 * one. A terminal that closes sends SIGHUP, which is a stop there; without a terminal it asks for nothing we can do.
 */
import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'

export interface SignalPorts {
  readonly log: Log
  readonly clock: Clock
  /** Whether standard input is a terminal. */
  readonly terminal: boolean
  /** Ends the process at once. */
  readonly leave: () => void
}

const SAME_SIGNAL_MS = 500

/** Resolves at the first signal that asks to stop; a later one calls `leave`. */
export function stopSignal({ log, clock, terminal, leave }: SignalPorts): Promise<void> {
  return new Promise(resolve => {
    const last = new Map<NodeJS.Signals, number>()
    let asked = false
    const onSignal = (signal: NodeJS.Signals): void => {
      const now = clock.now()
      const doubled = now - (last.get(signal) ?? -Infinity) < SAME_SIGNAL_MS
      last.set(signal, now)
      if (doubled) return
      if (signal === 'SIGHUP' && !terminal)
        return log.warn(
          'nothing is read again without a restart: stop it and start it to apply a changed configuration',
        )
      if (!asked) {
        asked = true
        return resolve()
      }
      log.warn('stopped at once: the next start recovers', { signal })
      leave()
    }
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal)
  })
}
