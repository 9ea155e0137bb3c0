/**
 * What an operator can meet here. Ways that only a call can fail are values, see calls.ts.
 */
import { OperatorError } from '../errors.ts'

/** One thing wrong with a tree: where, and what. */
export interface SpecProblem {
  /** From the root: `root > roles > forger`. */
  readonly path: string
  readonly problem: string
}

export class InvalidTreeError extends OperatorError {
  readonly code = 'SUP_001'
  readonly severity = 'fatal'
  readonly hint = 'Nothing was started; correct the named children of the tree.'
  readonly problems: readonly SpecProblem[]

  constructor(problems: readonly SpecProblem[]) {
    const lines = problems.map(({ path, problem }) => `${path}: ${problem}`)
    super(`the supervision tree is not valid: ${lines.join('; ')}`, { facts: { problems: lines.join('\n') } })
    this.problems = problems
  }
}

export class TooManyRestartsError extends OperatorError {
  readonly code = 'SUP_002'
  readonly severity = 'fatal'
  readonly hint = 'The crash records of the child named here say what keeps failing.'

  constructor(supervisor: string, child: string, intensity: number, period: number) {
    super(`${supervisor} saw more than ${intensity} restarts in ${period} s, the last one of ${child}`, {
      facts: { supervisor, child, intensity, period },
    })
  }
}

export class NoSuchActorError extends OperatorError {
  readonly code = 'SUP_003'
  readonly severity = 'poison'
  readonly hint = '`tree` lists the actors there are.'

  constructor(id: string) {
    super(`there is no supervisor ${id}`, { facts: { id } })
  }
}

export class StoppedWhileStartingError extends OperatorError {
  readonly code = 'SUP_004'
  readonly severity = 'transient'
  readonly hint = 'Start it again.'

  constructor(id: string) {
    super(`${id} was stopped before it had started`, { facts: { id } })
  }
}
