/**
 * The daemon's own tree with one role more, in a process of its own: a role that wishes as it is told over IPC and takes
 * note of every outcome. So wishing, sending, following and telling are all in the processor time that is measured.
 */
import { loadConfig } from '../../src/config/load.ts'
import { assemble } from '../../src/daemon/assemble.ts'
import { systemClock } from '../../src/clock.ts'
import { silentLog } from '../../src/log.ts'
import { createMetrics } from '../../src/metrics.ts'
import { openSigners } from '../../src/signers.ts'
import { createSystem, type System } from '../../src/supervisors/system.ts'
import { openTokens } from '../../src/tokens.ts'
import { benchRole, caller } from './role.ts'
import { ROLE } from './wishes.ts'

/** What the parent says. */
export type HostOrder =
  | { readonly do: 'wish'; readonly from: number; readonly count: number; readonly confirmations: number }
  | { readonly do: 'usage' }
  | { readonly do: 'stop' }

/** What the parent hears. */
export type HostNews =
  | { readonly news: 'up' }
  | { readonly news: 'told'; readonly count: number }
  | { readonly news: 'usage'; readonly cpuMs: number; readonly rssBytes: number; readonly heapBytes: number }

const say = (news: HostNews): void => void process.send?.(news)

async function host(file: string): Promise<void> {
  const loaded = await loadConfig({
    file,
    env: {},
    flags: [],
    roles: [],
    workingFolder: process.cwd(),
    demo: false,
  })
  const { config } = loaded
  const system: System = createSystem(
    assemble({
      loaded,
      folder: config.dataFolder,
      roles: [benchRole(count => say({ news: 'told', count }))],
      tokens: await openTokens(config, config.dataFolder, {}),
      metrics: createMetrics({ processMetrics: false }),
      log: silentLog,
      clock: systemClock,
      random: Math.random,
      signers: await openSigners(config.accounts, {}),
      demo: null,
      system: () => system,
      onListening: () => {},
    }).tree,
    { clock: systemClock, random: Math.random, log: silentLog },
  )
  process.on('message', (order: HostOrder) => void obey(system, order))
  process.once('disconnect', () => process.exit(1))
  await system.start()
  say({ news: 'up' })
}

async function obey(system: System, order: HostOrder): Promise<void> {
  switch (order.do) {
    case 'wish': {
      const { from, count, confirmations } = order
      return system.send(caller, { type: 'wish', from, count, confirmations })
    }
    case 'usage': {
      const { user, system: kernel } = process.cpuUsage()
      globalThis.gc?.()
      const { rss, heapUsed } = process.memoryUsage()
      return say({ news: 'usage', cpuMs: (user + kernel) / 1000, rssBytes: rss, heapBytes: heapUsed })
    }
    case 'stop':
      await system.stop(5_000)
      process.exit(0)
  }
}

await host(process.argv[2] ?? `${ROLE}.toml`)
