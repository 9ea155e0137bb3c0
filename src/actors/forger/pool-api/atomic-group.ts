/**
 * From the body of `POST /atomic-pool` to transactions that are forged together or not at all. Pure. Each is linked to
 * another of the group by its offset, and signs that one's data; all of them must need all others (reference 9.9).
 */
import { keccak_256 } from '@noble/hashes/sha3.js'
import { Type } from 'typebox'
import type { LinkedFields } from '../../../entities/forger/pool-tx.ts'
import { bytesOf, concat, hexOf } from '../rollup/bytes.ts'
import { linkTo, relativeOf } from '../rollup/links.ts'
import { type Hex, ZERO_ETH_ADDR } from '../rollup/types.ts'
import {
  FailedToFindOffsetToRelativePosition,
  InvalidAtomicGroupID,
  RqOffsetOutOfBounds,
  SingleTxInAtomicEndpoint,
  TxsNotAtomic,
} from './errors.ts'
import { readUnlinked, type Submission, SubmissionBody } from './submission.ts'

export const AtomicGroupBody = Type.Object(
  {
    atomicGroupId: Type.String({
      maxLength: 66,
      description: '`0x…`, keccak256 of the ids of all transactions, one after the other.',
    }),
    transactions: Type.Array(SubmissionBody, { maxItems: 256, description: 'In the order in which they are forged.' }),
  },
  { additionalProperties: true, description: 'Signed L2 transactions that are forged together or not at all.' },
)
export type AtomicGroupBody = Type.Static<typeof AtomicGroupBody>

/** The transactions in their order, linked. Throws PoolRefusal 1, 5, 6, 7, 18 to 22. */
export function readAtomicGroup({ atomicGroupId, transactions }: AtomicGroupBody): Submission[] {
  const members = transactions.map(readUnlinked)
  const group = atomicGroupIdOf(members.map(({ txId }) => txId))
  if (atomicGroupId.toLowerCase() !== group) {
    throw new InvalidAtomicGroupID(`the id of this group is ${group}`, { id: group })
  }
  if (members.length < 2) throw new SingleTxInAtomicEndpoint('an atomic group has at least two transactions')
  const targets = transactions.map(({ requestOffset }, at) => targetOf(at, requestOffset ?? 0, members.length))
  if (!allNeedAll(targets)) {
    throw new TxsNotAtomic('there is a transaction in the group that could be forged without the others')
  }
  return members.map((member, at) =>
    linked(member, transactions[at]?.requestOffset ?? 0, group, members[targets[at] ?? 0]),
  )
}

/** keccak256 over the ids, 33 bytes each. */
export const atomicGroupIdOf = (txIds: readonly Hex[]): Hex => hexOf(keccak_256(concat(...txIds.map(bytesOf))))

/** The position a transaction is linked to. */
function targetOf(at: number, offset: number, size: number): number {
  if (!Number.isInteger(offset) || offset < 1 || offset > 7) {
    throw new FailedToFindOffsetToRelativePosition(`requestOffset ${offset} is not from 1 to 7`, { position: at })
  }
  const target = at + relativeOf(offset)
  if (target >= 0 && target < size) return target
  throw new RqOffsetOutOfBounds(`transaction ${at} is linked to one outside the group`, { position: at })
}

/** Each is linked to one other, so that all need all exactly when following the links leads through all of them. */
function allNeedAll(targets: readonly number[]): boolean {
  const seen = new Set<number>()
  for (let at = 0; !seen.has(at); at = targets[at] ?? 0) seen.add(at)
  return seen.size === targets.length
}

function linked(member: Submission, offset: number, group: Hex, target = member): Submission {
  const { tx, toBjj } = target
  const to: LinkedFields = {
    fromIdx: tx.fromIdx,
    toIdx: tx.toIdx,
    toEthAddr: tx.toEthAddr === ZERO_ETH_ADDR ? null : tx.toEthAddr,
    toBjj,
    tokenId: tx.tokenId,
    amount: tx.amount.toString(),
    fee: tx.userFee,
    nonce: tx.nonce,
  }
  return { ...member, tx: { ...member.tx, ...linkTo(offset, tx) }, link: { group, to } }
}
