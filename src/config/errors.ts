/**
 * What can be wrong with a configuration. All problems travel together in one ConfigError (exit code 78).
 */
import { OperatorError } from '../errors.ts'

/** One thing to mend. `file`, `line` and `column` are null when the value did not come from a file. */
export interface Problem {
  readonly key: string
  /** Where the value came from: `config.toml:12`, `env FORGEKEEPER_HTTP_PORT`, `flag --set`; empty when nobody set it. */
  readonly where: string
  readonly file: string | null
  readonly line: number | null
  /** What is wrong, without secrets. */
  readonly text: string
  readonly expected: string | null
  /** The nearest key or value that would be valid. */
  readonly nearest: string | null
}

/** The problem on one line: where, which key, what is wrong, what was expected, what was perhaps meant. */
export const describeProblem = (problem: Problem): string => {
  const where = problem.where === '' ? '' : `${problem.where}: `
  const expected = problem.expected === null ? '' : `; expected ${problem.expected}`
  const nearest = problem.nearest === null ? '' : `; did you mean "${problem.nearest}"?`
  return `${where}${problem.key}: ${problem.text}${expected}${nearest}`
}

/** The configuration as a whole is refused; `problems` has every reason. */
export class ConfigError extends OperatorError {
  readonly code = 'CFG_001'
  readonly severity = 'fatal'
  readonly hint =
    'Mend every line listed; docs/reference/config.md describes all keys, `forgekeeper init` writes a file with all of them, and `forgekeeper start --demo` needs none.'
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[]) {
    const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`
    super([`the configuration has ${count}:`, ...problems.map(describeProblem)].join('\n  '), {
      facts: { problems: problems.length },
    })
    this.problems = problems
  }
}

/** The file is not TOML. */
export class ConfigSyntaxError extends OperatorError {
  readonly code = 'CFG_002'
  readonly severity = 'fatal'
  readonly hint = 'Mend the TOML syntax at the line and column named.'

  constructor(file: string, line: number, column: number, reason: string) {
    super(`${file}:${line}:${column}: ${reason}`, { facts: { file, line, column } })
  }
}

/** The file cannot be read. */
export class ConfigFileError extends OperatorError {
  readonly code = 'CFG_003'
  readonly severity = 'fatal'
  readonly hint = 'Name an existing, readable file with --config, or write one with `forgekeeper init`.'

  constructor(file: string, cause: unknown) {
    super(`${file}: the configuration file cannot be read`, { cause, facts: { file } })
  }
}
