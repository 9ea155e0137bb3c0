/**
 * Errors an operator can meet, told apart by what the supervisor should do.
 *
 * `transient`: the world is at fault for now; wait with backoff, no crash counted.
 * `poison`: this one thing will never work; it fails with its reason and the actor goes on.
 * `fatal`: a human is needed; the subtree stops.
 * Anything thrown that is not an OperatorError is a bug: it crashes the actor and counts.
 */
export type Severity = 'transient' | 'poison' | 'fatal'

/** Facts travel as fields, never only inside the text. Values must be JSON-safe; amounts are decimal strings. */
export type Facts = Readonly<Record<string, string | number | boolean | null>>

export interface OperatorErrorOptions {
  readonly cause?: unknown
  readonly facts?: Facts
}

/** Base of every error with a stable code. A code is never reused; each has a section in docs/reference/errors.md. */
export abstract class OperatorError extends Error {
  abstract readonly code: string
  abstract readonly severity: Severity
  /** One sentence that says what to do. */
  abstract readonly hint: string
  readonly facts: Facts

  constructor(message: string, options: OperatorErrorOptions = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause })
    this.name = new.target.name
    this.facts = options.facts ?? {}
  }
}

/** True for a dependency that is down: waited out with backoff, uses no restart budget (DESIGN: a failure law). */
export const isTransient = (error: unknown): boolean => error instanceof OperatorError && error.severity === 'transient'

export const isFatal = (error: unknown): boolean => error instanceof OperatorError && error.severity === 'fatal'

/** The shortest honest text of anything thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
