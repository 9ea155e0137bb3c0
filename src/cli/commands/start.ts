/**
 * `start`: runs the daemon in this process until it is asked to stop. Everything heavy is loaded only here.
 */
import type { Register } from '../command.ts'
import { command, runs } from '../command.ts'
import { flagsOf, load, type GlobalOptions } from '../context.ts'
import { whole } from '../numbers.ts'

interface Options extends GlobalOptions {
  readonly demo?: boolean
  readonly roles?: string
  readonly host?: string
  readonly port?: string
  readonly logLevel?: string
  readonly logFormat?: string
  readonly chaosSeed?: number
}

export const start: Register = (program, session) => {
  const { io } = session
  const own = command('start', 'run the daemon')
    .option('--demo', 'run on embedded defaults: database, chain, contracts, provers, traffic')
    .option('--roles <names>', 'the roles to run, comma-separated')
    .option('--host <address>', 'the address HTTP listens on')
    .option('--port <port>', 'the port HTTP listens on')
    .option('--log-level <level>', 'error, warn, info, debug or silent')
    .option('--log-format <format>', 'auto, pretty or json')
    .option('--chaos-seed <seed>', 'for tests: kill random actors all the time', whole(0, 2 ** 32 - 1))
  runs<Options>(session, own, async options => {
    const flags = flagsOf(options, {
      'roles.enabled': options.roles,
      'http.host': options.host,
      'http.port': options.port,
      'log.level': options.logLevel,
      'log.format': options.logFormat,
    })
    const demo = options.demo === true
    const loaded = await load(io, { options, flags, demo, needSecrets: true, usualFile: !demo })
    for (const warning of loaded.warnings) io.err(`warning: ${warning}`)
    const { runDaemon } = await import('../../daemon.ts')
    const { chaosSeed } = options
    return runDaemon({ config: loaded, demo, ...(chaosSeed === undefined ? {} : { chaosSeed }) })
  })
  program.addCommand(own)
}
