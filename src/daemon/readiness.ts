/**
 * Is everything there that the daemon needs to do its work? One check a dependency, by name; never throws.
 */
import { atMost, type Clock, LATE } from '../clock.ts'
import { messageOf } from '../errors.ts'
import type { RoleEntry } from '../http/ports.ts'
import type { Check } from '../role.ts'
import type { TreeNode } from '../supervisors/snapshot.ts'
import type { Parts } from './parts.ts'

const QUERY_MS = 2_000

export async function readiness(parts: Parts): Promise<readonly Check[]> {
  const tree = parts.system().snapshot().root
  const roles = Promise.all(parts.entries.map(entry => roleChecks(entry, parts.clock)))
  const world = [await databaseCheck(parts), ...chainChecks(parts), ...(await roles).flat()]
  return [...world, ...nodeChecks(tree).filter(({ name }) => !world.some(check => check.name === name && !check.ok))]
}

async function databaseCheck({ database, clock }: Parts): Promise<Check> {
  try {
    const em = database.orm().em.fork()
    await inTime(em.execute('select 1'), clock)
    return { name: 'database', ok: true, detail: 'answers' }
  } catch (error) {
    return { name: 'database', ok: false, detail: messageOf(error) }
  }
}

/** What a role says of itself; a role whose checks hang or fail is one that is not ready. */
export async function roleChecks({ role, context }: RoleEntry, clock: Clock): Promise<readonly Check[]> {
  try {
    return (await inTime(Promise.resolve(role.readiness?.(context)), clock)) ?? []
  } catch (error) {
    return [{ name: role.name, ok: false, detail: messageOf(error) }]
  }
}

/** Rejects when the work takes longer than a look may take. */
async function inTime<T>(work: Promise<T>, clock: Clock): Promise<T> {
  const answer = await atMost(clock, QUERY_MS, work)
  if (answer === LATE) throw new Error(`no answer within ${QUERY_MS} ms`)
  return answer
}

const chainChecks = ({ chains }: Parts): readonly Check[] =>
  [...chains].map(([name, { rpc }]) => {
    const usable = rpc.status().filter(({ because }) => because === null)
    const first = rpc.status().find(({ because }) => because !== null)
    const detail = `${usable.length} of ${rpc.status().length} endpoints in use`
    return { name: `chain:${name}`, ok: usable.length > 0, detail: first ? `${detail}; ${first.because}` : detail }
  })

/** Every actor that is not running by a reason of its own: what only waits for an earlier one is told by that. */
export function nodeChecks(root: TreeNode): readonly Check[] {
  const notRunning = leaves(root).filter(({ state }) => state !== 'running')
  const own = notRunning.filter(({ because }) => because?.startsWith('after ') !== true)
  const down = own.length > 0 ? own : notRunning
  if (down.length === 0) return [{ name: 'tree', ok: true, detail: 'every actor runs' }]
  return down.map(({ id, state, because }) => ({ name: id, ok: false, detail: because ?? state }))
}

const leaves = (node: TreeNode): readonly TreeNode[] =>
  node.children.length === 0 ? [node] : node.children.flatMap(leaves)
