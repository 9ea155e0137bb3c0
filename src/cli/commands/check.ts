/**
 * `check`: would the daemon run with this configuration? Reads only; ends with a non-zero code on any problem.
 */
import { ConfigError, describeProblem } from '../../config/errors.ts'
import type { Loaded } from '../../config/load.ts'
import { OperatorError, messageOf } from '../../errors.ts'
import { command, runs, type Register } from '../command.ts'
import { environment, flagsOf, load, show, type GlobalOptions } from '../context.ts'
import { EXIT, exitCodeOf } from '../errors.ts'
import { findings, type Finding } from '../probes.ts'
import { table } from '../table.ts'

export const check: Register = (program, session) => {
  const { io } = session
  const own = command('check', 'check configuration, database, chains, keys and provers').option(
    '--demo',
    'check what `start --demo` would run with',
  )
  runs<GlobalOptions & { readonly demo?: boolean }>(session, own, async options => {
    const demo = options.demo === true
    const request = { options, flags: flagsOf(options), demo, usualFile: !demo }
    const loaded = await load(io, request).catch((error: unknown) => {
      if (error instanceof OperatorError) return error
      throw error
    })
    const found =
      loaded instanceof OperatorError
        ? configFindings(loaded)
        : [...good(loaded), ...(await lookAt(loaded, environment(io, options), demo))]
    const ok = found.every(finding => finding.ok)
    show(io, options, { ok, checks: found }, () => draw(found))
    if (ok) return EXIT.done
    return loaded instanceof OperatorError ? exitCodeOf(loaded) : worst(found)
  })
  program.addCommand(own)
}

/** The roles are only asked when what they would ask answers. */
async function lookAt(loaded: Loaded, env: Parameters<typeof findings>[1], demo: boolean): Promise<Finding[]> {
  const outside = await findings(loaded, env, demo)
  if (demo || outside.some(({ name, ok }) => !ok && /^(chain|account)/.test(name))) return outside
  const { roleChecks } = await import('../../daemon/checks.ts')
  return [...outside, ...(await roleChecks(loaded)).map(found => ({ ...found, down: false }))]
}

/** Wrong configuration first, then what is down. */
const worst = (found: readonly Finding[]): number =>
  found.some(finding => !finding.ok && !finding.down) ? EXIT.config : EXIT.unavailable

const good = (loaded: Loaded): Finding[] => [
  { name: 'configuration', ok: true, down: false, detail: loaded.file ?? 'no file, defaults only' },
]

function configFindings(error: OperatorError): Finding[] {
  if (!(error instanceof ConfigError))
    return [{ name: 'configuration', ok: false, down: false, detail: messageOf(error) }]
  return error.problems.map(problem => {
    return { name: 'configuration', ok: false, down: false, detail: describeProblem(problem) }
  })
}

function draw(found: readonly Finding[]): string {
  const rows = found.map(({ name, ok, detail }) => [ok ? 'ok' : 'FAIL', name, detail])
  const bad = found.filter(finding => !finding.ok).length
  return `${table(['', 'check', 'detail'], rows)}\n\n${bad === 0 ? 'no problem found' : `${bad} of ${found.length} failed`}`
}
