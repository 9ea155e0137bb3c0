/**
 * `config print` and `config schema`: what is in effect and where it came from; what there is to set.
 */
import { Command } from 'commander'
import { command, runs, type Register } from '../command.ts'
import { flagsOf, load, show, type GlobalOptions } from '../context.ts'
import { table } from '../table.ts'

interface PrintOptions extends GlobalOptions {
  readonly origin?: boolean
}

export const config: Register = (program, session) => {
  const { io } = session
  const print = command('print', 'print the configuration in effect, secrets masked').option(
    '--origin',
    'show which source set each key',
  )
  runs<PrintOptions>(session, print, async options => {
    const { entriesOf } = await import('../../config/print.ts')
    // An unfinished file can be printed, too: whether everything is there is for `check` to say.
    const how = { demo: true, oldNames: true, usualFile: true }
    const loaded = await load(io, { options, flags: flagsOf(options), ...how })
    for (const warning of loaded.warnings) io.err(`warning: ${warning}`)
    const entries = entriesOf(loaded)
    const withOrigin = options.origin === true
    const shown = entries.map(({ key, value, origin }) => ({
      key,
      value,
      ...(withOrigin && { origin }),
    }))
    show(io, options, shown, () =>
      withOrigin
        ? table(
            ['key', 'value', 'from'],
            entries.map(({ key, value, origin }) => [key, value, origin]),
          )
        : entries.map(({ key, value }) => `${key} = ${value}`).join('\n'),
    )
    return 0
  })
  const schema = command('schema', 'print the JSON Schema of the configuration, for editors')
  runs<GlobalOptions>(session, schema, async () => {
    const { published } = await import('../../config/schema.ts')
    const { findRoleSections } = await import('../../config/sections.ts')
    io.out(JSON.stringify(published(await findRoleSections()), null, 2))
    return 0
  })
  program.addCommand(
    new Command('config').description('look at the configuration').addCommand(print).addCommand(schema),
  )
}
