/**
 * Linked transactions: one may name another by its place relative to itself and repeat that one's data in its signature, so
 * that neither is forged without the other (offsets 1, 2, 3: following; 4, 5, 6, 7: four, three, two, one before).
 */
import { RefusedTransaction } from './errors.ts'
import { type LinkableFields, txCompressedDataV2 } from './l2-codec.ts'
import { type L2Tx, ZERO_ETH_ADDR } from './types.ts'

/** What a transaction signs about the one it is linked to. */
export type Link = Pick<L2Tx, 'rqOffset' | 'rqTxCompressedDataV2' | 'rqToEthAddr' | 'rqToBjjAy'>

export const NO_LINK: Link = { rqOffset: 0, rqTxCompressedDataV2: 0n, rqToEthAddr: ZERO_ETH_ADDR, rqToBjjAy: 0n }

/** The link to another transaction that stands at the offset. */
export const linkTo = (rqOffset: number, linked: LinkableFields & Pick<L2Tx, 'toEthAddr' | 'toBjjAy'>): Link => ({
  rqOffset,
  rqTxCompressedDataV2: txCompressedDataV2(linked),
  rqToEthAddr: linked.toEthAddr,
  rqToBjjAy: linked.toBjjAy,
})

/** Relative place that a link offset stands for; 0 is no link. */
export const relativeOf = (rqOffset: number): number => (rqOffset < 4 ? rqOffset : rqOffset - 8)

/** Offset to write for a relative place of −4…3, or `undefined` beyond that. */
export const offsetOf = (relative: number): number | undefined =>
  relative < -4 || relative > 3 ? undefined : (relative + 8) % 8

/** Refuses "broken link" when a transaction names one that is not there or differs from what was signed. */
export function checkLinks(txs: readonly L2Tx[]): void {
  txs.forEach((tx, position) => {
    if (tx.rqOffset === 0) return
    const linked = txs[position + relativeOf(tx.rqOffset)]
    if (linked === undefined || !isLinkedBy(tx, linked)) {
      throw new RefusedTransaction('broken link', { facts: { position, rqOffset: tx.rqOffset } })
    }
  })
}

const isLinkedBy = (tx: L2Tx, linked: L2Tx): boolean =>
  txCompressedDataV2(linked) === tx.rqTxCompressedDataV2 &&
  linked.toEthAddr === tx.rqToEthAddr &&
  linked.toBjjAy === tx.rqToBjjAy
