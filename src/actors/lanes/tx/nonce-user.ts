/**
 * Who used a nonce: the transaction itself, read from the block in which the account's count passed it. A receipt that
 * is denied proves nothing (nodes deny what they have not indexed); a transaction that is there does.
 */
import { numberToHex, type Hash } from 'viem'
import { isRecord, readBlock, readCount } from './answers.ts'
import { countAt } from './chain-look.ts'
import { decider, type Lane } from './lane.ts'

export interface NonceUser {
  readonly hash: Hash
  readonly block: bigint
}

/**
 * The canonical transaction of this account with this nonce; null when it cannot be read (a node without that much
 * history). The nonce must be below the count at the lane's head.
 */
export async function userOfNonce(lane: Lane, nonce: number): Promise<NonceUser | null> {
  const usedBy = async (block: bigint): Promise<boolean> => (await countAt(lane, block)) > nonce
  const number = await firstWhere(lane.head?.number ?? 0n, usedBy)
  const params = [numberToHex(number), true] as const
  const block = readBlock(await decider(lane).request({ method: 'eth_getBlockByNumber', params: [...params] }))
  const found = block?.transactions.find(tx => isFrom(tx, lane.args.signer.address, nonce))
  return isRecord(found) && typeof found['hash'] === 'string'
    ? { hash: found['hash'].toLowerCase() as Hash, block: number } // of a transaction
    : null
}

function isFrom(tx: unknown, address: string, nonce: number): boolean {
  if (!isRecord(tx) || typeof tx['from'] !== 'string' || typeof tx['nonce'] !== 'string') return false
  return tx['from'].toLowerCase() === address.toLowerCase() && readCount(tx['nonce']) === nonce
}

/** The first block for which it holds, given that it holds for `head` and ever since that first one. */
async function firstWhere(head: bigint, holds: (block: bigint) => Promise<boolean>): Promise<bigint> {
  let [no, yes] = [head, head]
  for (let step = 1n; no === yes; step *= 2n) {
    if (no === 0n) return 0n
    no = no > step ? no - step : 0n
    if (await holds(no)) yes = no
  }
  while (yes - no > 1n) {
    const middle = (yes + no) / 2n
    if (await holds(middle)) yes = middle
    else no = middle
  }
  return yes
}
