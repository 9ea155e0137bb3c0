/**
 * Processor time of the servers beside the daemon, from what Linux counts: it says where the machine's time goes, and
 * hardly depends on what else runs.
 */
import { readdir, readFile } from 'node:fs/promises'

/** Clock ticks a second, as Linux counts processor time. */
const TICKS = 100

/** Milliseconds that this process and its children have used, ended ones included; NaN where there is no /proc. */
export async function cpuMsOf(pid: number): Promise<number> {
  const names = await readdir('/proc').catch(() => [])
  const all = await Promise.all(names.filter(name => /^\d+$/.test(name)).map(statOf))
  const own = all.find(stat => stat?.pid === pid)
  if (!own) return Number.NaN
  const children = all.filter(stat => stat?.parent === pid)
  return [own, ...children].reduce((sum, stat) => sum + (stat?.ms ?? 0), 0)
}

interface Stat {
  readonly pid: number
  readonly parent: number
  readonly ms: number
}

/** After the name in brackets: the parent is field 4, the times (own, then ended children's) are 14 to 17. */
async function statOf(name: string): Promise<Stat | null> {
  const fields = (await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '')).split(') ').at(-1)?.split(' ')
  if (!fields || fields.length < 15) return null
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0)
  return { pid: Number(name), parent: Number(fields[1]), ms: (ticks * 1000) / TICKS }
}
