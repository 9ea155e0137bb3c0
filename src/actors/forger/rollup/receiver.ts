/**
 * Which account a transfer to an address or to a key goes to (reference 9.2).
 *
 * For a key: the smallest index among the key's own accounts (address "any"). For an address: owners may hold accounts with
 * several keys; each key counts with its smallest index, and the key whose account came last wins.
 */
import { accountsOfKey, accountsOfOwner, type RollupState } from './state.ts'
import { ANY_ETH_ADDR, type L2Tx } from './types.ts'

/** The receiver's index, or `undefined` when no account of the token fits. */
export function findReceiver(
  state: RollupState,
  tx: Pick<L2Tx, 'tokenId' | 'toEthAddr' | 'toBjjAy' | 'toBjjSign'>,
): number | undefined {
  if (tx.toEthAddr === ANY_ETH_ADDR) return accountsOfKey(state, tx.tokenId, tx.toBjjAy, tx.toBjjSign)[0]?.idx
  const firstOfKey = new Map<string, number>()
  for (const { idx, ay, sign } of accountsOfOwner(state, tx.tokenId, tx.toEthAddr)) {
    const key = `${ay}:${sign}`
    if (!firstOfKey.has(key)) firstOfKey.set(key, idx)
  }
  return firstOfKey.size === 0 ? undefined : Math.max(...firstOfKey.values())
}
