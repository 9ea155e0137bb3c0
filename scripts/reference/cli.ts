/**
 * The command line reference, from the commands themselves.
 */
import type { Command } from 'commander'
import { systemClock } from '../../src/clock.ts'
import { buildProgram } from '../../src/cli/program.ts'

const nothing = (): void => {}

/** The page of docs/reference/cli.md. */
export function renderCli(): string {
  const io = {
    out: nothing,
    err: nothing,
    env: {},
    cwd: '.',
    clock: systemClock,
    terminal: false,
    stopAsked: () => Promise.resolve(),
  }
  const program = buildProgram({ io, exitCode: 0 })
  return `${INTRODUCTION}\n${program.commands.flatMap(command => sections(command, 'forgekeeper')).join('\n')}`
}

const INTRODUCTION = `# Command line

Generated from the commands by \`npm run docs\`. Commands that look at or change a running daemon find it and its tokens in
the data folder, or take \`--url\` and \`--token\`.

| exit code | means |
|---|---|
| 0 | done |
| 64 | the command line is wrong, or what it names does not exist |
| 69 | something needed does not answer: the daemon, the database, an endpoint |
| 70 | a bug |
| 75 | try again later |
| 78 | the configuration or a token is wrong |
`

function sections(command: Command, parent: string): string[] {
  const name = `${parent} ${command.name()}`
  if (command.commands.length > 0) return command.commands.flatMap(inner => sections(inner, name))
  const help = command.createHelp()
  const usage = [name, ...command.registeredArguments.map(argument => help.argumentTerm(argument))].join(' ')
  const args = command.registeredArguments.map(argument => `| \`${argument.name()}\` | ${argument.description} |`)
  const options = help.visibleOptions(command).map(option => {
    const standard =
      option.defaultValue === undefined || Array.isArray(option.defaultValue)
        ? ''
        : ` (default ${String(option.defaultValue)})`
    return `| \`${option.flags}\` | ${option.description}${standard} |`
  })
  return [`## ${usage}\n\n${command.description()}\n\n| | |\n|---|---|\n${[...args, ...options].join('\n')}\n`]
}
