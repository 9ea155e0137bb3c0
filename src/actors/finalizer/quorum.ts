/**
 * The contract's own count (reference 3.3), so that people see beforehand how a session will end. Pure.
 */

/** How many submitted this hash for this block; in the order of first submission. */
export interface Group {
  readonly blockHash: string
  readonly hash: string
  readonly participants: number
}

export interface QuorumRules {
  readonly minSubmissions: number
  /** Of 10^18. */
  readonly quorum: bigint
  /** The contracts of 2024 take the exact share, too. */
  readonly inclusive: boolean
}

export interface Count {
  /** The first with the largest number; null when nobody submitted. */
  readonly leading: Group | null
  readonly submissions: number
  /** Whether the leading one gets the reward. */
  readonly reached: boolean
}

const ONE = 10n ** 18n

/** Initial settings of the contract. */
export const INITIAL_RULES: QuorumRules = { minSubmissions: 2, quorum: ONE / 2n, inclusive: false }

export function count(groups: readonly Group[], { minSubmissions, quorum, inclusive }: QuorumRules): Count {
  const submissions = groups.reduce((sum, { participants }) => sum + participants, 0)
  const leading = groups.reduce<Group | null>(
    (best, group) => (best === null || group.participants > best.participants ? group : best),
    null,
  )
  if (leading === null || submissions === 0) return { leading: null, submissions: 0, reached: false }
  const share = (BigInt(leading.participants) * ONE) / BigInt(submissions)
  const enough = leading.participants >= minSubmissions
  return { leading, submissions, reached: enough && (inclusive ? share >= quorum : share > quorum) }
}

/** The groups of submissions, in the order in which block hashes, and their hashes, first came. */
export function groupsOf(submissions: readonly { readonly blockHash: string; readonly hash: string }[]): Group[] {
  const blocks = new Map<string, Map<string, number>>()
  for (const { blockHash, hash } of submissions) {
    const hashes = blocks.get(blockHash) ?? new Map<string, number>()
    hashes.set(hash, (hashes.get(hash) ?? 0) + 1)
    blocks.set(blockHash, hashes)
  }
  return [...blocks].flatMap(([blockHash, hashes]) =>
    [...hashes].map(([hash, participants]) => ({ blockHash, hash, participants })),
  )
}
