/**
 * Is somebody there to prove? One prover is enough to work; those that do not answer are named either way.
 */
import type { Check, RoleContext } from '../../role.ts'
import type { ForgerConfig } from './config.ts'
import { shownProvers } from './tree.ts'

export async function forgerReadiness(context: RoleContext<ForgerConfig>): Promise<readonly Check[]> {
  const provers = await shownProvers(context)
  if (provers.length === 0) return [] // the pool does not run, which the tree says
  const down = provers.filter(({ state }) => state === 'down')
  const count = `${provers.length - down.length} of ${provers.length} provers answer`
  const why = down.map(({ name, lastError }) => `; ${name}: ${lastError ?? 'no answer'}`).join('')
  return [{ name: 'provers', ok: down.length < provers.length, detail: count + why }]
}
