/**
 * The proof chain's ABI as far as the finalizer uses it (reference 3.1, 3.2): the functions and the events of both
 * generations, under all names they have had. The family comes from the contract's address, never from a topic.
 */
import { decodeEventLog, encodeFunctionData, parseAbi, toEventSelector, type Hex } from 'viem'
import type { Family, Outcome } from '../../entities/finalizer/session.ts'

export const GENERATIONS = ['2022', '2024'] as const
export type Generation = (typeof GENERATIONS)[number]

export const functionsAbi = parseAbi([
  'function finalizeAndRewardSpecimenSession(uint64 chainId, uint64 blockHeight)',
  'function finalizeAndRewardResultSession(uint64 chainId, uint64 blockHeight)',
  'function finalizeSpecimenSession(uint64 chainId, uint64 blockHeight)',
  'function finalizeResultSession(uint64 chainId, uint64 blockHeight)',
  'function isSessionOpen(uint64 chainId, uint64 blockHeight, address operator) view returns (bool)',
  'function getMetadata() view returns (address stakingInterface, uint128 rewardAllocation, uint64 sessionDuration, uint64 minSubmissionsRequired, uint256 quorum, uint256 secondsPerBlock)',
])

const startEvents = parseAbi([
  'event SessionStarted(uint64 indexed chainId, uint64 indexed blockHeight, uint64 deadline)',
  'event BSPSessionStarted(uint64 indexed chainId, uint64 indexed blockHeight, uint64 deadline)',
  'event BRPSessionStarted(uint64 indexed chainId, uint64 indexed blockHeight, uint64 deadline)',
])
const noQuorumEvents = parseAbi([
  'event QuorumNotReached(uint64 indexed chainId, uint64 blockHeight)',
  'event BSPQuorumNotReached(uint64 indexed chainId, uint64 blockHeight)',
  'event BRPQuorumNotReached(uint64 indexed chainId, uint64 blockHeight)',
])
const specimenEvents = parseAbi([
  'event BlockSpecimenRewardAwarded(uint64 indexed chainId, uint64 indexed blockHeight, bytes32 indexed blockhash, bytes32 specimenhash)',
  'event BlockSpecimenQuorum(uint64 indexed chainId, uint64 indexed blockHeight, uint256 validatorBitMap, bytes32 indexed blockHash, bytes32 specimenHash)',
  'event BlockSpecimenProductionProofSubmitted(uint64 chainId, uint64 blockHeight, bytes32 blockHash, bytes32 specimenHash, string storageURL, uint128 submittedStake)',
])
const resultEvents = parseAbi([
  'event BlockResultRewardAwarded(uint64 indexed chainId, uint64 indexed blockHeight, bytes32 indexed blockSpecimenHash, bytes32 resulthash)',
  'event BlockResultQuorum(uint64 indexed chainId, uint64 indexed blockHeight, uint256 validatorBitMap, bytes32 indexed blockSpecimenHash, bytes32 resulthash)',
  'event BlockResultProductionProofSubmitted(uint64 chainId, uint64 blockHeight, bytes32 blockSpecimenHash, bytes32 resultHash, string storageURL, uint128 submittedStake)',
])

export const eventsAbi = [...startEvents, ...noQuorumEvents, ...specimenEvents, ...resultEvents] as const

/** The signature topics of all of them. */
export const eventTopics: readonly Hex[] = eventsAbi.map(event => toEventSelector(event))

/** Which session a log is about; ids and heights are uint64. */
export interface SessionId {
  readonly chainId: bigint
  readonly blockHeight: bigint
}

export type ProofEvent = SessionId & { readonly event: string } & (
    | { readonly is: 'started'; readonly deadline: bigint }
    | {
        readonly is: 'closed'
        readonly outcome: Outcome
        readonly blockHash: Hex | null
        readonly agreedHash: Hex | null
        readonly validatorBitMap: bigint | null
      }
    | {
        readonly is: 'submitted'
        readonly blockHash: Hex
        readonly hash: Hex
        readonly storageUrl: string
        readonly stake: bigint
      }
  )

/** What a log of a proof chain contract means; null when it is none of its events, or does not decode. */
export function decodeProofLog(log: { readonly topics: readonly Hex[]; readonly data: Hex }): ProofEvent | null {
  const [signature, ...rest] = log.topics
  if (signature === undefined) return null
  try {
    return meaningOf(decodeEventLog({ abi: eventsAbi, data: log.data, topics: [signature, ...rest], strict: true }))
  } catch {
    return null // another event, or one with another layout: the caller says so
  }
}

type Decoded = ReturnType<typeof decodeEventLog<typeof eventsAbi, undefined, Hex[], Hex, true>>

const NOT_REACHED = { outcome: 'no-quorum', blockHash: null, agreedHash: null, validatorBitMap: null } as const

function meaningOf({ eventName: event, args }: Decoded): ProofEvent {
  const id = { event, chainId: args.chainId, blockHeight: args.blockHeight }
  switch (event) {
    case 'SessionStarted':
    case 'BSPSessionStarted':
    case 'BRPSessionStarted':
      return { ...id, is: 'started', deadline: args.deadline }
    case 'QuorumNotReached':
    case 'BSPQuorumNotReached':
    case 'BRPQuorumNotReached':
      return { ...id, is: 'closed', ...NOT_REACHED }
    case 'BlockSpecimenRewardAwarded':
      return { ...id, is: 'closed', outcome: 'rewarded', ...hashes(args.blockhash, args.specimenhash, null) }
    case 'BlockResultRewardAwarded':
      return { ...id, is: 'closed', outcome: 'rewarded', ...hashes(args.blockSpecimenHash, args.resulthash, null) }
    case 'BlockSpecimenQuorum':
      return {
        ...id,
        is: 'closed',
        outcome: 'quorum',
        ...hashes(args.blockHash, args.specimenHash, args.validatorBitMap),
      }
    case 'BlockResultQuorum':
      return {
        ...id,
        is: 'closed',
        outcome: 'quorum',
        ...hashes(args.blockSpecimenHash, args.resulthash, args.validatorBitMap),
      }
    case 'BlockSpecimenProductionProofSubmitted':
      return { ...id, is: 'submitted', hash: args.specimenHash, ...submission(args.blockHash, args) }
    case 'BlockResultProductionProofSubmitted':
      return { ...id, is: 'submitted', hash: args.resultHash, ...submission(args.blockSpecimenHash, args) }
  }
}

const hashes = (blockHash: Hex, agreedHash: Hex, validatorBitMap: bigint | null) => ({
  blockHash,
  agreedHash,
  validatorBitMap,
})

const submission = (blockHash: Hex, args: { readonly storageURL: string; readonly submittedStake: bigint }) => ({
  blockHash,
  storageUrl: args.storageURL,
  stake: args.submittedStake,
})

const FINALIZE = {
  '2022': { specimen: 'finalizeAndRewardSpecimenSession', result: 'finalizeAndRewardResultSession' },
  '2024': { specimen: 'finalizeSpecimenSession', result: 'finalizeResultSession' },
} as const

/** The function that closes a session of this family. */
export const finalizeFunction = (family: Family, generation: Generation) => FINALIZE[generation][family]

/** Its call data: selector and two words. */
export const finalizeCall = (family: Family, generation: Generation, { chainId, blockHeight }: SessionId): Hex =>
  encodeFunctionData({
    abi: functionsAbi,
    functionName: finalizeFunction(family, generation),
    args: [chainId, blockHeight],
  })
