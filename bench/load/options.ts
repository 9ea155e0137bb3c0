/**
 * What a load run is asked to do. Every run is bounded in batches and in time and talks to loopback only.
 */
import { parseArgs } from 'node:util'

export interface LoadOptions {
  readonly provers: number
  readonly proofMs: number
  readonly batches: number
  readonly failRate: number
  readonly hangRate: number
  /** Reorganisations a second, 1 to 3 blocks deep. */
  readonly reorgRate: number
  /** `kill -9` of the daemon at so many random moments. */
  readonly kills: number
  readonly seed: number
  /** Runs the daemon with `--chaos-seed`: random actors are killed all the time. Null: not. */
  readonly chaosSeed: number | null
  /** Transfers put into the pool of a paused forger before the clock starts; the run ends when all are forged. */
  readonly backlog: number
  /** L2 transactions sent for every batch the provers can make. */
  readonly txsPerBatch: number
  readonly maxTx: number
  readonly users: number
  /** The run ends after this, whatever was reached. */
  readonly limitSeconds: number
  readonly blockSeconds: number
  /** Keeps the folder of the run and says where it is. */
  readonly keep: boolean
}

const FLAGS = {
  provers: '16',
  'proof-ms': '1000',
  batches: '200',
  'fail-rate': '0',
  'hang-rate': '0',
  'reorg-rate': '0',
  kills: '0',
  seed: '1',
  backlog: '0',
  'txs-per-batch': '3',
  'max-tx': '32',
  users: '24',
  'limit-seconds': '600',
  'block-seconds': '1',
} as const

/** Reads the command line; throws with a sentence for whoever typed it. */
export function readOptions(
  args: readonly string[],
  defaults: Partial<Record<keyof typeof FLAGS, string>> = {},
): LoadOptions {
  const names = Object.keys(FLAGS) as (keyof typeof FLAGS)[]
  const { values } = parseArgs({
    args: [...args],
    options: {
      keep: { type: 'boolean', default: false },
      'chaos-seed': { type: 'string' },
      ...Object.fromEntries(
        names.map(name => [name, { type: 'string', default: defaults[name] ?? FLAGS[name] } as const]),
      ),
    },
  })
  const { 'chaos-seed': chaosSeed } = values as { 'chaos-seed'?: string }
  const number = (name: keyof typeof FLAGS): number => {
    const value = Number((values as Record<string, unknown>)[name])
    if (Number.isFinite(value) && value >= 0) return value
    throw new TypeError(`--${name} must be a number, zero or more`)
  }
  return {
    provers: number('provers'),
    proofMs: number('proof-ms'),
    batches: number('batches'),
    failRate: number('fail-rate'),
    hangRate: number('hang-rate'),
    reorgRate: number('reorg-rate'),
    kills: number('kills'),
    seed: number('seed'),
    chaosSeed: chaosSeed === undefined ? null : Number(chaosSeed),
    backlog: number('backlog'),
    txsPerBatch: number('txs-per-batch'),
    maxTx: number('max-tx'),
    users: number('users'),
    limitSeconds: number('limit-seconds'),
    blockSeconds: number('block-seconds'),
    keep: (values as { keep?: boolean }).keep ?? false,
  }
}
