/**
 * Failures outside the promise a handler returned (a promise nobody awaits, a throw in a timer), attributed to the
 * actor that caused them. A failure that belongs to no actor ends the process, as it does without this.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Unit } from '../actors/kit/unit.ts'
import { Worker } from '../actors/kit/worker.ts'

export interface Attribution {
  readonly attribute: <T>(unit: Unit, run: () => T) => T
  /** Takes the process-wide hooks away again. */
  readonly stop: () => void
}

/** Installs process-wide hooks; one at a time is enough for all systems of a process. */
export function attributeFloating(): Attribution {
  const store = new AsyncLocalStorage<Unit>()
  const onError = (error: unknown): void => {
    const unit = store.getStore()
    if (!(unit instanceof Worker)) {
      // Thrown outside every promise and handler, so that the process ends with this very error.
      setImmediate(() => {
        stop()
        throw error
      })
      return
    }
    unit.floating(error)
  }
  const stop = (): void => {
    process.off('unhandledRejection', onError)
    process.off('uncaughtException', onError)
  }
  process.on('unhandledRejection', onError)
  process.on('uncaughtException', onError)
  return { attribute: (unit, run) => store.run(unit, run), stop }
}
