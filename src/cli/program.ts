/**
 * The command line: parses, runs one command, answers its exit code. Every error becomes a sentence, a hint and a code.
 */
import { Command, CommanderError, type OutputConfiguration } from 'commander'
import { OperatorError, messageOf } from '../errors.ts'
import type { Register, Session } from './command.ts'
import { accounts } from './commands/accounts.ts'
import { batches } from './commands/batches.ts'
import { check } from './commands/check.ts'
import { config } from './commands/config.ts'
import { explain } from './commands/explain.ts'
import { init } from './commands/init.ts'
import { mockProver } from './commands/mock-prover.ts'
import { pause, resume } from './commands/pause.ts'
import { provers } from './commands/provers.ts'
import { role } from './commands/role.ts'
import { sessions } from './commands/sessions.ts'
import { start } from './commands/start.ts'
import { status } from './commands/status.ts'
import { tree } from './commands/tree.ts'
import { tx } from './commands/tx.ts'
import { version } from './commands/version.ts'
import { toJson } from './context.ts'
import { EXIT, exitCodeOf, RefusedError } from './errors.ts'
import type { Io } from './io.ts'

const COMMANDS: readonly Register[] = [
  start,
  status,
  tree,
  batches,
  provers,
  sessions,
  tx,
  accounts,
  explain,
  pause,
  resume,
  role,
  check,
  config,
  init,
  mockProver,
  version,
]

/** Runs the command line `args` (without node and script) and answers the exit code. Never throws. */
export async function runCli(args: readonly string[], io: Io): Promise<number> {
  const session: Session = { io, exitCode: EXIT.done }
  const program = buildProgram(session)
  try {
    const [first] = args
    const asked = first === '--version' || first === '-V' ? ['version', ...args.slice(1)] : args
    await program.parseAsync(asked, { from: 'user' })
    return session.exitCode
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage
    report(io, error, args.includes('--json'))
    return exitCodeOf(error)
  }
}

/** The program with all commands, for parsing and for the reference. */
export function buildProgram(session: Session): Command {
  const { io } = session
  const program = new Command('forgekeeper')
    .description('Runs and watches the off-chain half of on-chain work.')
    .option('-V, --version', 'print the version')
    .showSuggestionAfterError(true)
  for (const register of COMMANDS) register(program, session)
  settle(program, {
    writeOut: text => io.out(text.replace(/\n$/, '')),
    writeErr: text => io.err(text.replace(/\n$/, '')),
  })
  return program
}

/** Errors are thrown and output goes through `Io`, in every command below, too. */
function settle(to: Command, output: OutputConfiguration): void {
  to.exitOverride().configureOutput(output)
  for (const inner of to.commands) settle(inner, output)
}

function report(io: Io, error: unknown, json: boolean): void {
  if (!(error instanceof OperatorError)) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    io.err(`forgekeeper has a bug: ${text}`)
    return
  }
  const { code, hint } = error instanceof RefusedError ? definite(error) : error
  if (json) {
    const problems = 'problems' in error ? { problems: error.problems } : {}
    io.err(toJson({ error: { code, message: messageOf(error), hint, ...problems } }))
    return
  }
  io.err(`${code} ${error.message}\n${hint}`)
}

/** What the daemon told, where it did. */
const definite = ({ code, hint, told }: RefusedError): { code: string; hint: string } => ({
  code: told.code ?? code,
  hint: told.hint ?? hint,
})
