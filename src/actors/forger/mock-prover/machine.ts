/**
 * A prover's inside without a prover: takes one input at a time and answers, after a while, a proof that names the
 * public input it was posted with. What goes wrong follows from the seed and the number of the input alone.
 */
import { createHash } from 'node:crypto'
import { systemClock } from '../../../clock.ts'
import type { MockBehaviour, MockStats } from './options.ts'

export type Fate = 'proof' | 'fail' | 'hang' | 'garbage' | 'stale'

export interface MockMachine {
  /** The JSON document that `GET status` answers. */
  status(): string
  /** False when it cannot take an input now. */
  input(publicInput: bigint): boolean
  cancel(): void
  /** Counts an input that was refused. */
  refuse(): void
  stats(): MockStats
  /** Ends its timers. */
  end(): void
}

type Counts = { -readonly [K in keyof MockStats]: MockStats[K] }
type Inside = 'initializing' | 'ready' | 'busy' | 'success' | 'failed' | 'aborted'

const FREE: ReadonlySet<Inside> = new Set(['ready', 'success', 'failed', 'aborted'])

export function mockMachine(behaviour: MockBehaviour): MockMachine {
  const clock = behaviour.clock ?? systemClock
  const counts = noCounts()
  let inside: Inside = behaviour.bootMs ? 'initializing' : 'ready'
  let previous = 42n
  let answer: Record<string, string> = {}
  let stop = behaviour.bootMs ? clock.after(behaviour.bootMs, () => (inside = 'ready')) : (): void => {}

  const finish = (fate: Fate, publicInput: bigint): void => {
    counts.provingMs += behaviour.delayMs
    inside = fate === 'fail' ? 'failed' : 'success'
    if (fate === 'proof') answer = proofOf(publicInput)
    if (fate === 'stale') answer = proofOf(previous)
    if (fate === 'garbage') answer = garbageOf(publicInput, counts.inputs)
    if (fate === 'fail') answer = { msg: 'the mock prover was told to fail' }
    counts[COUNTED_AS[fate]] += 1
    if (fate === 'proof') previous = publicInput
  }
  const abort = (): void => {
    inside = 'aborted'
    counts.cancelled += 1
  }
  return {
    status: () => {
      counts.statusReads += 1
      return JSON.stringify({ status: inside, ...answer })
    },
    input: publicInput => {
      if (!FREE.has(inside)) return false
      counts.inputs += 1
      const fate = fateOf(behaviour, counts.inputs)
      inside = 'busy'
      answer = {}
      stop = fate === 'hang' ? (): void => {} : clock.after(behaviour.delayMs, () => finish(fate, publicInput))
      if (fate === 'hang') counts.hung += 1
      return true
    },
    cancel: () => {
      counts.cancels += 1
      if (inside !== 'busy') return
      stop()
      if (behaviour.cancelMs) stop = clock.after(behaviour.cancelMs, abort)
      else abort()
    },
    refuse: () => void (counts.refused += 1),
    stats: () => ({ ...counts }),
    end: () => stop(),
  }
}

const COUNTED_AS = { proof: 'proofs', fail: 'failed', hang: 'hung', garbage: 'garbage', stale: 'stale' } as const

const noCounts = (): Counts => ({
  inputs: 0,
  proofs: 0,
  failed: 0,
  hung: 0,
  garbage: 0,
  stale: 0,
  cancelled: 0,
  cancels: 0,
  refused: 0,
  statusReads: 0,
  provingMs: 0,
})

/** What becomes of the n-th input, counted from 1. Pure. */
export function fateOf(behaviour: MockBehaviour, n: number): Fate {
  const { failRate, hangRate, garbageRate = 0, staleRate = 0, seed } = behaviour
  let left = uniform(seed, n)
  const rates: readonly (readonly [Fate, number])[] = [
    ['fail', failRate],
    ['hang', hangRate],
    ['garbage', garbageRate],
    ['stale', staleRate],
  ]
  for (const [fate, rate] of rates) {
    if (left < rate) return fate
    left -= rate
  }
  return 'proof'
}

/** Uniform in [0, 1), the same for the same seed and number. */
function uniform(seed: number, n: number): number {
  return createHash('sha256').update(`${seed}:${n}`).digest().readUIntBE(0, 6) / 2 ** 48
}

const document = (publicInput: bigint): Record<string, unknown> => ({
  pi_a: [publicInput.toString(), '2', '1'],
  pi_b: [
    ['3', '4'],
    ['5', '6'],
    ['1', '0'],
  ],
  pi_c: ['7', '8', '1'],
  protocol: 'groth16',
})

const proofOf = (publicInput: bigint): Record<string, string> => ({
  proof: JSON.stringify(document(publicInput)),
  pubData: JSON.stringify([publicInput.toString()]),
})

/** Three sorts of nonsense in turn, each with the right public input. */
function garbageOf(publicInput: bigint, n: number): Record<string, string> {
  const { pubData = '' } = proofOf(publicInput)
  const nonsense = [
    JSON.stringify({ ...document(publicInput), pi_c: ['7', '8', '0'] }),
    JSON.stringify({ ...document(publicInput), pi_a: ['not a number', '2', '1'] }),
    '{"pi_a":[',
  ]
  return { proof: nonsense[n % nonsense.length] ?? '', pubData }
}
