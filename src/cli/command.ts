/**
 * How a command is written: a name, its options and a run function that answers the exit code. One file a command.
 */
import { Command, type OptionValues } from 'commander'
import type { Io } from './io.ts'

/** One run of the command line: the world, and the exit code the chosen command ends with. */
export interface Session {
  readonly io: Io
  exitCode: number
}

/** Adds a command to the program. */
export type Register = (program: Command, session: Session) => void

/** A command with the options that every command takes. */
export function command(name: string, summary: string): Command {
  return new Command(name)
    .description(summary)
    .option('--json', 'print JSON')
    .option('--config <file>', 'the configuration file (default: ./config.toml when it is there)')
    .option('--set <key=value>', 'set one configuration key; may be repeated', collect)
    .option('--env-file <file>', 'read environment variables from a file')
    .option('--data-folder <folder>', 'where the daemon keeps its files')
    .allowExcessArguments(false)
    .showHelpAfterError(false)
}

/** A command that speaks to the daemon. */
export const remote = (name: string, summary: string): Command =>
  command(name, summary)
    .option('--url <url>', 'the daemon (default: found in its data folder)')
    .option('--token <token>', 'the token to show (default: found in its data folder; or FORGEKEEPER_TOKEN)')

/** Runs `run` with the arguments and options when the command is chosen, and keeps its exit code. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller names the options it declared
export function runs<O>(
  session: Session,
  to: Command,
  run: (options: O, args: readonly string[]) => Promise<number>,
): Command {
  return to.action(async () => {
    const values: OptionValues = to.opts()
    // The options are those declared on this very command; `O` names them.
    session.exitCode = await run(values as O, to.args)
  })
}

const collect = (value: string, earlier: readonly string[] = []): string[] => [...earlier, value]
