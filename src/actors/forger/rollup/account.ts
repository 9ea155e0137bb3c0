/**
 * The value of an account in the state tree or an exit tree: Poseidon of four elements
 * (token | nonce << 32 | sign << 72, balance, ay, ethAddr).
 */
import { expandKey } from './bjj.ts'
import { poseidon } from './poseidon.ts'
import type { AccountLeaf, Hex } from './types.ts'

export const accountElements = (account: AccountLeaf): readonly [bigint, bigint, bigint, bigint] => [
  BigInt(account.tokenId) | (BigInt(account.nonce) << 32n) | (BigInt(account.sign) << 72n),
  account.balance,
  account.ay,
  BigInt(account.ethAddr),
]

/** The field element that stands for an account in its tree. */
export const accountValue = (account: AccountLeaf): bigint => poseidon(accountElements(account))

/** A fresh account of an owner; the key is taken as the contract got it. */
export const newAccount = (idx: number, tokenId: number, ethAddr: Hex, bjjCompressed: Hex): AccountLeaf => ({
  idx,
  tokenId,
  nonce: 0,
  balance: 0n,
  ...expandKey(bjjCompressed),
  ethAddr,
})
