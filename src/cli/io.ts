/**
 * The world as a command sees it, passed in so that every command can be tried without a terminal.
 */
import type { Clock } from '../clock.ts'

export interface Io {
  /** Results; standard output. One call, one line or block of lines, without the last line break. */
  readonly out: (text: string) => void
  /** Everything else; standard error. */
  readonly err: (text: string) => void
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  readonly clock: Clock
  readonly terminal: boolean
  /** Resolves when the process is asked to end; for commands that run until then. Asking takes over the signals. */
  readonly stopAsked: () => Promise<void>
}
