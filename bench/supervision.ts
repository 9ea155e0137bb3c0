/**
 * Measures the supervision layer against plain nact: `node bench/supervision.ts [ROUNDS]`, five rounds unless told
 * otherwise. Every peer runs in every round in a fresh process; printed are medians, and the median of the ratios
 * within a round, because machines are noisy.
 */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Figures, quantile } from './supervision/measure.ts'

const run = promisify(execFile)
const PEERS = ['layer', 'nact'] as const
type PeerName = (typeof PEERS)[number]

const NAMES: Record<keyof Figures, string> = {
  oneToOne: 'messages a second, one to one',
  fanOut: 'messages a second, one to a thousand',
  ask1: 'questions a second, 1 client',
  ask100: 'questions a second, 100 clients',
  restartMedianUs: 'crash to first message handled, µs, median',
  restartP99Us: 'crash to first message handled, µs, p99',
  restartGroupUs: 'one-for-all restart of 100, all serving, µs',
  starts: 'dynamic starts a second',
  heapPerActor: 'heap bytes an idle actor, at 100,000',
  callAt100Us: 'start and end of a child, µs, 100 children',
  callAt50kUs: 'start and end of a child, µs, 50,000 children',
  bytesPerCrash: 'heap bytes left by a crash and restart',
}

const figuresOf = async (peer: PeerName): Promise<Figures> => {
  const script = join(import.meta.dirname, 'supervision', `${peer}.ts`)
  const { stdout } = await run(process.execPath, ['--expose-gc', script])
  return JSON.parse(stdout) as Figures // printed by our own script
}

const median = (values: readonly number[]): number =>
  quantile(
    values.toSorted((a, b) => a - b),
    0.5,
  )

const rounds: Record<PeerName, Figures>[] = []
const count = Number(process.argv[2] ?? 5)
for (let round = 1; round <= count; round++) {
  const layer = await figuresOf('layer')
  const nact = await figuresOf('nact')
  rounds.push({ layer, nact })
  process.stderr.write(`round ${round} of ${count}\n`)
}

const shown = (value: number | null): string => (value === null ? '' : value.toFixed(value < 10 ? 2 : 0)).padStart(12)
process.stdout.write(`${''.padEnd(48)}${'layer'.padStart(12)}${'nact'.padStart(12)}${'ratio'.padStart(12)}\n`)
for (const [key, name] of Object.entries(NAMES) as [keyof Figures, string][]) {
  const all = (peer: PeerName): number[] => rounds.flatMap(round => round[peer][key] ?? [])
  const ratios = rounds.flatMap(({ layer, nact }) => {
    const [a, b] = [layer[key], nact[key]]
    return a === null || b === null ? [] : [a / b]
  })
  const middle = (values: number[]): number | null => (values.length === 0 ? null : median(values))
  const cells = [middle(all('layer')), middle(all('nact')), middle(ratios)]
  process.stdout.write(`${name.padEnd(48)}${cells.map(shown).join('')}\n`)
}
