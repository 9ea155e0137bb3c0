/**
 * What the layer is to reach, each as a ratio of figures of one round.
 */
import type { Figures } from './measure.ts'

export type PeerName = 'layer' | 'otp' | 'nact'

/** All peers' figures of one round. Missing: the peer is not there, or has no such thing. */
export type Round = Readonly<Record<PeerName, Partial<Figures>>>

export interface Goal {
  readonly name: string
  readonly figure: keyof Figures
  /** What the layer's figure is divided by; `itself` is the layer's own figure as it is. */
  readonly by: PeerName | 'itself' | keyof Figures
  readonly at: 'least' | 'most'
  readonly limit: number
}

const least = (name: string, figure: keyof Figures, limit: number, by: Goal['by'] = 'otp'): Goal => ({
  name,
  figure,
  by,
  at: 'least',
  limit,
})
const most = (name: string, figure: keyof Figures, limit: number, by: Goal['by'] = 'otp'): Goal => ({
  ...least(name, figure, limit, by),
  at: 'most',
})

export const GOALS: readonly Goal[] = [
  least('one-to-one messages a second', 'oneToOne', 1.2),
  least('fan-out 1:1000 messages a second', 'fanOut', 3),
  least('calls a second, 1 client', 'ask1', 0.8),
  least('calls a second, 100 clients', 'ask100', 0.8),
  most('restart, crash to first message handled, median µs', 'restartMedianUs', 1),
  most('restart, crash to first message handled, p99 µs', 'restartP99Us', 1.5),
  most('one-for-all restart of 100 children, µs', 'restartGroupUs', 1),
  most('heap bytes per idle actor at 100,000', 'heapPerActor', 0.8),
  least('dynamic starts a second', 'starts', 0.7),
  most('supervisor call at 50,000 children against 100, µs', 'callAt50kUs', 1.5, 'callAt100Us'),
  most('heap bytes a crash cycle, over 100,000', 'bytesPerCrash', 1, 'itself'),
  least('messages a second against plain nact', 'oneToOne', 10, 'nact'),
]

/** The goal's ratio in one round; null when a figure is missing. */
export function ratioIn({ layer, ...others }: Round, { figure, by }: Goal): number | null {
  const value = layer[figure]
  const unit = unitOf(by, figure, { layer, ...others })
  return value === undefined || unit === undefined ? null : value / unit
}

export const reached = (ratio: number, { at, limit }: Goal): boolean =>
  at === 'least' ? ratio >= limit : ratio <= limit

function unitOf(by: Goal['by'], figure: keyof Figures, round: Round): number | undefined {
  if (by === 'itself') return 1
  return by === 'layer' || by === 'otp' || by === 'nact' ? round[by][figure] : round.layer[by]
}
