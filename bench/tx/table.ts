/**
 * The figures beside what they should be, for people.
 */
import type { Gap } from './gap.ts'
import type { Latency } from './latency.ts'
import type { Memory } from './memory.ts'
import type { Restart } from './restart.ts'
import type { Speed } from './speed.ts'

export interface TxFigures {
  readonly speed?: Speed
  readonly latency?: Latency
  readonly restart?: Restart
  readonly gap?: Gap
  readonly memory?: Memory
}

type Row = readonly [what: string, measured: string, least: string, goal: string]

/** Prints one row for each figure on standard error. */
export function printTable({ speed, latency, restart, gap, memory }: TxFigures): void {
  const all: readonly Row[] = [
    ['', 'measured', 'at least', 'goal'],
    ...(speed ? speedRows(speed) : []),
    ...(latency
      ? [
          ['wish to mined at 50/s, p50', `${latency.p50Ms} ms`, '700 ms', ''] as const,
          ['wish to mined at 50/s, p99', `${latency.p99Ms} ms`, '2200 ms', '1500 ms'] as const,
        ]
      : []),
    ...(restart
      ? [[`restart with ${restart.open} open to first send`, `${restart.ms} ms`, '3000 ms', '1000 ms'] as const]
      : []),
    ...(gap
      ? [
          ['nonce gap healed, most', `${gap.gapBlocks} blocks`, '3 blocks', '2 blocks'] as const,
          ['dropped by the node, healed, most', `${gap.droppedBlocks} blocks`, '3 blocks', '2 blocks'] as const,
        ]
      : []),
    ...(memory
      ? [
          [`heap over ${memory.transactions} transactions`, `${memory.heapGrowthPercent} %`, '5 %', ''] as const,
          [`resident memory over the same`, `${memory.rssGrowthPercent} %`, '5 %', ''] as const,
        ]
      : []),
  ]
  for (const [what, ...cells] of all)
    process.stderr.write(`${what.padEnd(46)}${cells.map(cell => cell.padStart(14)).join('')}\n`)
}

function speedRows(speed: Speed): readonly Row[] {
  const whole = (value: number): string => value.toFixed(0)
  return [
    ['durable transactions a second, one key', whole(speed.perSecond), '', '1000'],
    ['viem nonceManager, 64 in flight', whole(speed.viemPerSecond), '', ''],
    ['ratio within a round', speed.ratio.toFixed(2), '2', '4'],
    ['viem with gas and fees given', whole(speed.viemGivenPerSecond), '', ''],
    ['ratio to that within a round', speed.ratioGiven.toFixed(2), '', ''],
    ['processor time a transaction, daemon', `${whole(speed.cpuUs)} µs`, '800 µs', '400 µs'],
    ['processor time a transaction, viem', `${whole(speed.viemCpuUs)} µs`, '', ''],
  ]
}
