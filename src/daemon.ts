/**
 * The whole boot and shutdown on one screen: folder, configuration, keys, roles, tree; then signals until the end.
 */
import { writeFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock, type Clock } from './clock.ts'
import { loadConfig, type Loaded } from './config/load.ts'
import { crashStore } from './crash-store.ts'
import { assemble } from './daemon/assemble.ts'
import { daemonChaos, type DaemonChaos } from './daemon/chaos.ts'
import { welcome } from './daemon/welcome.ts'
import { stopSignal } from './daemon/signals.ts'
import { demoChain, demoWorld } from './demo/world.ts'
import { openDataFolder, type DataFolder } from './embedded/data-folder.ts'
import { isFatal, messageOf, OperatorError } from './errors.ts'
import { createLog, type Log } from './log.ts'
import { createMetrics } from './metrics.ts'
import { loadRoles, type RoleDemo } from './role.ts'
import { openSigners } from './signers.ts'
import { TooManyRestartsError } from './supervisors/errors.ts'
import { createSystem, type Ended, type System } from './supervisors/system.ts'
import { openTokens } from './tokens.ts'

export interface DaemonOptions {
  readonly config: Loaded
  readonly demo: boolean
  /** Kills actors at random, in an order that this seed decides. Left out: never. */
  readonly chaosSeed?: number
}

const EXIT = { done: 0, dependency: 69, bug: 70, configuration: 78 } as const
/** After this the daemon ends whatever still runs: the next start recovers. */
const STOP_DEADLINE_MS = 9_000
const LEFTOVER_MS = 200
/** Runs until it is asked to stop or cannot go on; answers the exit code. Errors before the tree starts are thrown. */
export async function runDaemon({ config: asked, demo, chaosSeed }: DaemonOptions): Promise<number> {
  const log = createLog(logOptions(asked))
  const folder = await openDataFolder(asked.config.dataFolder)
  let url: string | null = null
  try {
    const roles = await loadRoles(asked.config.roles.enabled)
    const world = demo ? await demoWorld(asked, () => url) : null
    const demos = world ? await Promise.all(roles.flatMap(role => role.demo?.(world) ?? [])) : []
    const loaded = world ? await withDemo(asked, demoChain(world), demos) : asked
    const tokens = await openTokens(loaded.config, folder.path, loaded.options.env)
    const metrics = createMetrics({ processMetrics: true })
    const parts = assemble({
      loaded,
      folder: folder.path,
      roles,
      tokens,
      metrics,
      log,
      clock: systemClock,
      random: Math.random,
      signers: await openSigners(loaded.config.accounts, loaded.options.env),
      demo: world && { chainPort: world.chainPort, parts: demos },
      system: () => system,
      onListening: at => {
        url = at
        void noteRunning(folder, at, systemClock)
      },
    })
    const killing = daemonChaos(chaosSeed ?? null, systemClock, log)
    const system: System = createSystem(killing?.tree(parts.tree) ?? parts.tree, {
      clock: systemClock,
      random: Math.random,
      log,
      crashes: crashStore(parts.orm, log, metrics),
      attributeFloating: true,
    })
    return await live(system, log, killing, () => welcome({ url, tokens, demo, log, roles }))
  } finally {
    await rm(join(folder.path, 'daemon.json'), { force: true })
    folder.release()
    // a handle that something forgot must not keep the process, and with it the servers it has started
    setTimeout(() => process.exit(), LEFTOVER_MS).unref()
  }
}

const logOptions = ({ config: { log } }: Loaded) => ({
  level: log.level,
  format: log.format === 'auto' ? (process.stderr.isTTY ? 'pretty' : 'json') : log.format,
})

/** The demo's values become the weakest layer of the configuration. */
const withDemo = (asked: Loaded, chain: ReadonlyMap<string, unknown>, demos: readonly RoleDemo[]): Promise<Loaded> =>
  loadConfig({ ...asked.options, base: new Map([...chain, ...demos.flatMap(({ base }) => [...base])]) })

/** Lets commands find this daemon. */
const noteRunning = (folder: DataFolder, url: string, clock: Clock): Promise<void> =>
  writeFile(
    join(folder.path, 'daemon.json'),
    `${JSON.stringify({ pid: process.pid, url, startedAt: new Date(clock.now()).toISOString() })}\n`,
    { mode: 0o600 },
  )

/** Starts the tree and waits for a signal or its end. A second signal ends the process at once. */
async function live(system: System, log: Log, killing: DaemonChaos | null, greet: () => void): Promise<number> {
  const leave = (): never => process.exit(EXIT.done)
  const asked = stopSignal({ log, clock: systemClock, terminal: process.stdin.isTTY, leave })
  let endKilling = (): void => {}
  const start = async (): Promise<void> => {
    await system.start()
    greet()
    if (killing !== null) endKilling = killing.begin(system)
  }
  const started = start()
  const first = await Promise.race([
    asked.then(() => null),
    system.done,
    started.then(
      () => new Promise<never>(() => {}),
      (error: unknown) => ({ reason: messageOf(error), error }),
    ),
  ])
  endKilling()
  if (first === null) {
    log.info('stopping: what is in progress is finished first; press Ctrl-C again to stop at once')
    started.catch(() => {}) // a start that was cut short is no news
    await system.stop(STOP_DEADLINE_MS)
    log.info('stopped')
    return EXIT.done
  }
  await system.stop(STOP_DEADLINE_MS)
  log.error('the daemon cannot go on', { reason: reasonOf(first), ...hintOf(first.error) })
  return exitCodeOf(first.error)
}

const reasonOf = ({ reason, error }: Ended): string => (error === null ? reason : messageOf(error))

const hintOf = (error: unknown): Record<string, unknown> =>
  error instanceof OperatorError ? { code: error.code, hint: error.hint, ...error.facts } : {}

function exitCodeOf(error: unknown): number {
  if (error instanceof TooManyRestartsError) return EXIT.bug
  if (isFatal(error)) return EXIT.configuration
  return error instanceof OperatorError ? EXIT.dependency : EXIT.bug
}
