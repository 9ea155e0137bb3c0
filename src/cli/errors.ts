/**
 * What can go wrong between the command line and the daemon, and the exit code of everything.
 */
import { OperatorError, type Facts } from '../errors.ts'

/** Exit codes, after BSD sysexits: done, usage, dependency down, bug, try again, configuration. */
export const EXIT = { done: 0, usage: 64, unavailable: 69, bug: 70, again: 75, config: 78 } as const

/** The command line does not make sense. */
export class UsageError extends OperatorError {
  readonly code = 'CLI_001'
  readonly severity = 'fatal'
  readonly hint = 'Run the command with --help.'
}

/** Nobody answers where the daemon should be. */
export class DaemonDownError extends OperatorError {
  readonly code = 'CLI_002'
  readonly severity = 'transient'
  readonly hint =
    'Start it with `forgekeeper start --demo` or `forgekeeper start --config FILE`, or name another one with --url.'

  constructor(url: string, cause: unknown) {
    const hangs = cause instanceof Error && cause.name === 'TimeoutError'
    const what = hangs ? `the daemon at ${url} did not answer in time` : `no daemon answers at ${url}`
    super(what, { cause, facts: { url } })
  }
}

/** The daemon refuses the token. */
export class TokenRefusedError extends OperatorError {
  readonly code = 'CLI_003'
  readonly severity = 'fatal'
  readonly hint = 'Pass the right token with --token or FORGEKEEPER_TOKEN; it is in DATA_FOLDER/tokens of the daemon.'
}

/** The daemon answers something no daemon of this version answers. */
export class UnexpectedAnswerError extends OperatorError {
  readonly code = 'CLI_004'
  readonly severity = 'fatal'
  readonly hint = 'Check that --url points at a Forgekeeper daemon of this version.'
}

/** The daemon refuses the request. Its own code and hint are what people read; CLI_005 stands in where it gave none. */
export class RefusedError extends OperatorError {
  readonly code = 'CLI_005'
  readonly severity = 'fatal'
  readonly hint = 'The reason is the daemon’s own; its code has a section in docs/reference/errors.md.'
  readonly status: number
  readonly told: { readonly code: string | null; readonly hint: string | null }

  constructor(message: string, status: number, told: RefusedError['told'], facts: Facts) {
    super(message, { facts })
    this.status = status
    this.told = told
  }
}

/** Something `init` would write is there already. */
export class ExistsError extends OperatorError {
  readonly code = 'CLI_006'
  readonly severity = 'fatal'
  readonly hint = 'Choose another folder, or pass --yes to overwrite.'
}

/** The port a command should listen on is in use. */
export class PortTakenError extends OperatorError {
  readonly code = 'CLI_007'
  readonly severity = 'transient'
  readonly hint = 'Stop what listens there, or choose another port with --port.'

  constructor(port: number, cause: unknown) {
    super(`port ${port} is in use`, { cause, facts: { port } })
  }
}

/** The exit code that tells a script what to do about an error. */
export function exitCodeOf(error: unknown): number {
  if (!(error instanceof OperatorError)) return EXIT.bug
  if (error instanceof RefusedError) return refusedCode(error.status)
  if (error instanceof UsageError || error instanceof ExistsError) return EXIT.usage
  if (error instanceof UnexpectedAnswerError) return EXIT.bug
  return error.severity === 'transient' ? EXIT.unavailable : EXIT.config
}

const refusedCode = (status: number): number => {
  if (status === 429 || status === 503) return EXIT.again
  return status >= 500 ? EXIT.bug : EXIT.usage
}
