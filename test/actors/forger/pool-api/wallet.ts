/** Accounts that sign, and bodies as wallets send them. */
import { compressKey, secretFromSeed, seedFromEthKey } from '../../../../src/actors/forger/rollup/bjj.ts'
import { ethAddressOfKey } from '../../../../src/actors/forger/rollup/authorisation.ts'
import { l2TxId } from '../../../../src/actors/forger/rollup/l2-codec.ts'
import { NO_LINK, linkTo, relativeOf } from '../../../../src/actors/forger/rollup/links.ts'
import { signL2 } from '../../../../src/actors/forger/rollup/l2-signature.ts'
import { ZERO_ETH_ADDR, type BjjKey, type Hex, type L2Tx } from '../../../../src/actors/forger/rollup/types.ts'
import { atomicGroupIdOf } from '../../../../src/actors/forger/pool-api/atomic-group.ts'
import { formatBjj, formatEthAddr } from '../../../../src/actors/forger/pool-api/hez-format.ts'

export const CHAIN_ID = 31_337
export const ROLLUP: Hex = `0x${'5'.repeat(40)}`

export interface Wallet {
  readonly privateKey: Hex
  readonly ethAddr: Hex
  readonly seed: Uint8Array
  readonly key: BjjKey
  readonly bjj: Hex
}

export function wallet(number: number): Wallet {
  const privateKey: Hex = `0x${number.toString(16).padStart(64, '0')}`
  const seed = seedFromEthKey(privateKey)
  const key = secretFromSeed(seed).publicKey
  return { privateKey, ethAddr: ethAddressOfKey(privateKey), seed, key, bjj: compressKey(key) }
}

export const l2Tx = (over: Partial<L2Tx>): L2Tx => ({
  fromIdx: 256,
  toIdx: 257,
  tokenId: 0,
  amount: 1000n,
  nonce: 0,
  userFee: 0,
  maxNumBatch: 0,
  toEthAddr: ZERO_ETH_ADDR,
  toBjjAy: 0n,
  toBjjSign: 0,
  ...NO_LINK,
  ...over,
})

const typeOf = (tx: L2Tx): string =>
  tx.toIdx === 1 ? 'Exit' : tx.toIdx > 1 ? 'Transfer' : tx.toBjjAy === 0n ? 'TransferToEthAddr' : 'TransferToBJJ'

/** Transactions and who signs each, linked by offset, as the body of an atomic group. */
export function groupOf(members: readonly (readonly [tx: L2Tx, from: Wallet, offset: number])[]) {
  const transactions = members.map(([tx, from, offset], at) => {
    const target = members[at + relativeOf(offset)]?.[0] ?? tx
    const linked = { ...tx, ...linkTo(offset, target) }
    return { ...bodyOf(linked, from), requestOffset: offset }
  })
  return { atomicGroupId: atomicGroupIdOf(members.map(([tx]) => l2TxId(tx))), transactions }
}

/** The body of a submission in the Hermez formats, signed by `from`. */
export function bodyOf(tx: L2Tx, from: Wallet, chainId = CHAIN_ID): Record<string, unknown> {
  return {
    id: l2TxId(tx),
    type: typeOf(tx),
    tokenId: tx.tokenId,
    fromAccountIndex: `hez:ETH:${tx.fromIdx}`,
    toAccountIndex: tx.toIdx === 0 ? null : `hez:ETH:${tx.toIdx}`,
    toHezEthereumAddress: tx.toEthAddr === ZERO_ETH_ADDR ? null : formatEthAddr(tx.toEthAddr),
    toBjj: tx.toBjjAy === 0n ? null : formatBjj(compressKey({ ay: tx.toBjjAy, sign: tx.toBjjSign })),
    amount: tx.amount.toString(),
    fee: tx.userFee,
    nonce: tx.nonce,
    maxNumBatch: tx.maxNumBatch,
    signature: signL2(tx, chainId, from.seed).slice(2),
    requestFromAccountIndex: null,
    requestOffset: null,
  }
}
