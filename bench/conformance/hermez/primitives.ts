/**
 * Conformance of the small parts: floats, keys, fees, hashes and the sparse Merkle tree.
 */
import { accountElements, accountValue } from '../../../src/actors/forger/rollup/account.ts'
import { bjjFromEthKey, compressKey, expandKey, seedFromEthKey } from '../../../src/actors/forger/rollup/bjj.ts'
import { hexOf, toHex } from '../../../src/actors/forger/rollup/bytes.ts'
import { FEE_FACTORS } from '../../../src/actors/forger/rollup/fee-factors.ts'
import { feeOf } from '../../../src/actors/forger/rollup/fees.ts'
import { decodeFloat40, exactFloat40, floorFloat40, roundFloat40 } from '../../../src/actors/forger/rollup/float40.ts'
import { hashOf, pathTo, put, type Tree } from '../../../src/actors/forger/rollup/merkle.ts'
import { poseidon } from '../../../src/actors/forger/rollup/poseidon.ts'
import { oracleAddress } from './oracle-address.ts'
import type { KeyCase, LeafCase, TreeOperation } from './case-types.ts'
import { type Content, difference, type Result, result } from './cases.ts'

export function* float40({ name, data }: Content<'float40'>): Generator<Result> {
  for (const [at, item] of (data.encode ?? []).entries()) yield result(`${name} encode ${at}`, () => encoding(item))
  for (const [at, item] of (data.decode ?? []).entries()) yield result(`${name} decode ${at}`, () => decoding(item))
}

function encoding(item: { readonly value: string }): string | null {
  const value = BigInt(item.value)
  const exact = exactFloat40(value)
  const floor = floorFloat40(value)
  const round = roundFloat40(value)
  const actual = {
    value,
    float40: typeof exact === 'number' ? exact.toString() : null,
    bytes: typeof exact === 'number' ? toHex(exact, 5) : null,
    error: typeof exact === 'number' ? undefined : exact,
    floorFloat40: typeof floor === 'number' ? floor.toString() : null,
    floorValue: typeof floor === 'number' ? decodeFloat40(floor) : null,
    floorError: typeof floor === 'number' ? undefined : floor,
    roundValue: typeof round === 'number' ? decodeFloat40(round) : null,
    roundError: typeof round === 'number' ? undefined : round,
  }
  return difference(actual, item)
}

function decoding(item: { readonly float40: string }): string | null {
  const float = Number(item.float40)
  const value = decodeFloat40(float)
  const canonical = exactFloat40(value)
  const actual = {
    float40: float,
    bytes: toHex(float, 5),
    mantissa: float % 2 ** 35,
    exponent: Math.floor(float / 2 ** 35),
    value,
    canonicalFloat40: canonical,
    canonical: canonical === float,
  }
  return difference(actual, item)
}

export function* keys({ name, data }: Content<'keys'>): Generator<Result> {
  for (const item of data.keys) yield result(`${name} key ${item.index}`, () => keyDifference(item))
}

/** A private key and everything that follows from it. */
export function keyDifference(item: KeyCase): string | null {
  const secret = bjjFromEthKey(item.privateKey)
  const compressed = compressKey(secret.publicKey)
  const actual = {
    index: item.index,
    privateKey: item.privateKey,
    ethAddr: oracleAddress(item.privateKey),
    bjjPrivateKeyBytes: hexOf(seedFromEthKey(item.privateKey)),
    bjjPrivateScalar: secret.scalar >> 3n,
    ax: secret.point.x,
    ...secret.publicKey,
    bjjCompressed: compressed,
  }
  return difference(actual, item) ?? difference(expandKey(compressed), { ay: item.ay, sign: item.sign })
}

export function* fees({ name, data }: Content<'fees'>): Generator<Result> {
  yield result(`${name} factors`, () => difference(FEE_FACTORS, data.factors))
  for (const [at, column] of (data.fullColumns ?? []).entries()) {
    yield result(`${name} column ${at}`, () => {
      const amount = BigInt(column.amount)
      return difference(
        column.fees.map((_, selector) => feeOf(amount, selector) ?? 'overflow'),
        column.fees,
      )
    })
  }
  for (const [at, item] of [...(data.random ?? []), ...(data.edge ?? [])].entries()) {
    yield result(`${name} fee ${at}`, () =>
      difference({ fee: feeOf(BigInt(item.amount), item.selector) }, { fee: item.fee }),
    )
  }
}

export function* stateTree({ name, data }: Content<'state-tree'>): Generator<Result> {
  for (const [at, item] of (data.poseidon ?? []).entries()) {
    yield result(`${name} poseidon ${at}`, () =>
      difference(poseidon(item.inputs.map(input => BigInt(input))), item.hash),
    )
  }
  for (const [at, item] of (data.nodes ?? []).entries()) {
    yield result(`${name} node ${at}`, () => {
      const middle = poseidon([BigInt(item.left), BigInt(item.right)])
      const leaf = poseidon([BigInt(item.key), BigInt(item.value), 1n])
      return difference({ middle, leaf }, { middle: item.middle, leaf: item.leaf })
    })
  }
  for (const [at, item] of (data.leaves ?? []).entries()) {
    yield result(`${name} leaf ${at}`, () => accountLeaf(item))
  }
  for (const sequence of data.sequences ?? []) {
    let tree: Tree<bigint> = null
    for (const [at, op] of sequence.ops.entries()) {
      yield result(`${name} ${sequence.name} ${at} ${op.op}`, () => treeOperation(tree, op))
      if (op.op !== 'find') tree = put(tree, Number(op.key), BigInt(op.value))
    }
  }
}

function accountLeaf(item: LeafCase): string | null {
  const account = {
    idx: 256,
    tokenId: Number(item.tokenID),
    nonce: Number(item.nonce),
    balance: BigInt(item.balance),
    sign: item.sign === '1' ? (1 as const) : (0 as const),
    ay: BigInt(item.ay),
    ethAddr: item.ethAddr,
  }
  const actual = { elements: accountElements(account), hash: accountValue(account) }
  return difference(actual, { elements: item.elements, hash: item.hash })
}

const itself = (value: bigint): bigint => value

function treeOperation(tree: Tree<bigint>, op: TreeOperation): string | null {
  const key = Number(op.key)
  const path = pathTo(tree, key)
  const siblings = path.siblings.map(sibling => hashOf(sibling, itself).toString())
  const { leaf } = path
  const found = leaf?.key === key
  if (op.op === 'find') {
    const actual = found
      ? { found, foundValue: leaf?.item, notFoundKey: null, notFoundValue: null, isOld0: null }
      : {
          found,
          foundValue: null,
          notFoundKey: leaf?.key ?? key,
          notFoundValue: leaf?.item ?? 0n,
          isOld0: leaf === null,
        }
    return difference({ op: op.op, key: op.key, ...actual, siblings, root: hashOf(tree, itself) }, op)
  }
  while (siblings.at(-1) === '0') siblings.pop()
  const actual = {
    op: op.op,
    key,
    value: op.value,
    oldRoot: hashOf(tree, itself),
    root: hashOf(put(tree, key, BigInt(op.value)), itself),
    siblings,
    isOld0: op.op === 'insert' ? leaf === null : null,
    oldKey: leaf?.key ?? 0,
    oldValue: leaf?.item ?? 0n,
  }
  return difference(actual, op)
}
