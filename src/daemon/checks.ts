/**
 * What the enabled roles want to be true before they run, looked at without a daemon: contracts, funds, provers.
 */
import { systemClock } from '../clock.ts'
import type { Loaded } from '../config/load.ts'
import { DatabaseDownError } from '../entities/errors.ts'
import { messageOf } from '../errors.ts'
import { silentLog } from '../log.ts'
import { createMetrics } from '../metrics.ts'
import { loadRoles, type Check, type Role, type RoleContext } from '../role.ts'
import { openSigners } from '../signers.ts'
import { contextOf } from './assemble.ts'
import { openChains } from './chains.ts'

/** Every check of every enabled role; one that cannot be made is a failed one. Changes nothing, never throws. */
export async function roleChecks(loaded: Loaded): Promise<readonly Check[]> {
  const ports = {
    clock: systemClock,
    random: Math.random,
    log: silentLog,
    metrics: createMetrics({ processMetrics: false }),
  }
  const chains = openChains({ loaded, ...ports })
  try {
    const roles = await loadRoles(loaded.config.roles.enabled)
    const signers = await openSigners(loaded.config.accounts, loaded.options.env)
    const orm = (): never => {
      throw new DatabaseDownError('checks are made without the database')
    }
    const system = (): never => {
      throw new Error('checks send no messages')
    }
    const of = (role: Role): RoleContext<unknown> => contextOf(role, { loaded, signers, system, ...ports }, chains, orm)
    const found = roles.map(async role => (await role.checks?.(of(role))) ?? [])
    return (await Promise.all(found)).flat()
  } catch (error) {
    return [{ name: 'roles', ok: false, detail: messageOf(error) }]
  } finally {
    await Promise.all([...chains.values()].map(({ rpc }) => rpc.close()))
  }
}
