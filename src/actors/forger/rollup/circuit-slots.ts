/**
 * The circuit's signals for one transaction slot: the transaction itself, the sender's leaf (1) and the receiver's or exit
 * leaf (2) as they were before, with what the tree needs to prove the change.
 */
import { accountValue } from './account.ts'
import { unpackSignature } from './eddsa.ts'
import { encodeFloat40 } from './float40.ts'
import { emptyCompressedData, txCompressedData, txCompressedDataV2 } from './l2-codec.ts'
import type { Access, Ledger, Step } from './ledger.ts'
import { hashOf, leafValue, type Tree } from './merkle.ts'
import type { AccountLeaf, L1UserTx, SignedL2Tx } from './types.ts'

/** One value of a slot: a number, or a list of them (siblings, bits of a key). */
export type Column = string | readonly string[]

type Columns = Readonly<Record<string, Column>>

/** Every signal of a slot, in the order of the reference implementation. */
export const SLOT_COLUMNS = (
  'txCompressedData amountF txCompressedDataV2 fromIdx auxFromIdx maxNumBatch toIdx auxToIdx toBjjAy toEthAddr onChain ' +
  'newAccount rqOffset rqTxCompressedDataV2 rqToEthAddr rqToBjjAy s r8x r8y loadAmountF fromEthAddr fromBjjCompressed ' +
  'tokenID1 nonce1 sign1 balance1 ay1 ethAddr1 siblings1 isOld0_1 oldKey1 oldValue1 ' +
  'tokenID2 nonce2 sign2 balance2 ay2 ethAddr2 siblings2 newExit isOld0_2 oldKey2 oldValue2'
).split(' ')

const NO_BITS: readonly string[] = Array.from({ length: 256 }, () => '0')

/** A slot without transaction: all zero except the constant and the chain id. */
export const emptyTxColumns = ({ chainId, circuit }: Ledger): Columns => ({
  ...Object.fromEntries(SLOT_COLUMNS.map(name => [name, '0'])),
  txCompressedData: emptyCompressedData(chainId).toString(),
  fromBjjCompressed: NO_BITS,
  siblings1: siblingsColumn([], circuit.nLevels),
  siblings2: siblingsColumn([], circuit.nLevels),
})

/** The signals of one executed transaction. */
export function columnsOfTx(step: Step, ledger: Ledger): Columns {
  const { nLevels } = ledger.circuit
  return {
    ...emptyTxColumns(ledger),
    ...(step.tx.layer === 1 ? l1Columns(step.tx.tx, step, ledger) : l2Columns(step.tx.tx, step, ledger)),
    ...accessColumns('1', step.sender, nLevels),
    ...(step.sender.before === undefined && step.tx.layer === 1 && creationColumns(step.tx.tx)),
    ...(step.receiver && accessColumns('2', step.receiver, nLevels)),
    newExit: step.newExit ? '1' : '0',
  }
}

const l1Columns = (tx: L1UserTx, step: Step, { chainId }: Ledger): Columns => ({
  txCompressedData: txCompressedData(chainId, { ...tx, nonce: 0, userFee: 0, toBjjSign: 0 }).toString(),
  amountF: tx.amountF.toString(),
  fromIdx: tx.fromIdx.toString(),
  auxFromIdx: step.newIdx.toString(),
  toIdx: tx.toIdx.toString(),
  onChain: '1',
  newAccount: step.newIdx === 0 ? '0' : '1',
  loadAmountF: tx.loadAmountF.toString(),
  fromEthAddr: BigInt(tx.fromEthAddr).toString(),
  fromBjjCompressed: bitsOf(BigInt(tx.fromBjjCompressed)),
})

/** Signals of a created account that the circuit takes from the transaction. */
const creationColumns = (tx: L1UserTx): Columns => ({
  tokenID1: tx.tokenId.toString(),
  ethAddr1: BigInt(tx.fromEthAddr).toString(),
})

function l2Columns(tx: SignedL2Tx, step: Step, { chainId }: Ledger): Columns {
  const signature = unpackSignature(tx.signature)
  return {
    txCompressedData: txCompressedData(chainId, tx).toString(),
    amountF: encodeFloat40(tx.amount).toString(),
    txCompressedDataV2: txCompressedDataV2(tx).toString(),
    fromIdx: tx.fromIdx.toString(),
    maxNumBatch: tx.maxNumBatch.toString(),
    toIdx: tx.toIdx.toString(),
    auxToIdx: step.auxToIdx.toString(),
    toBjjAy: tx.toBjjAy.toString(),
    toEthAddr: BigInt(tx.toEthAddr).toString(),
    rqOffset: tx.rqOffset.toString(),
    rqTxCompressedDataV2: tx.rqTxCompressedDataV2.toString(),
    rqToEthAddr: BigInt(tx.rqToEthAddr).toString(),
    rqToBjjAy: tx.rqToBjjAy.toString(),
    s: (signature?.s ?? 0n).toString(),
    r8x: (signature?.r8.x ?? 0n).toString(),
    r8y: (signature?.r8.y ?? 0n).toString(),
  }
}

/** A leaf that was there is shown as it was; one that was created, with the neighbour leaf that it may have pushed down. */
function accessColumns(side: '1' | '2', { before, path }: Access, nLevels: number): Columns {
  const siblings = { [`siblings${side}`]: siblingsColumn(path.siblings, nLevels) }
  if (before !== undefined) return { ...siblings, ...leafColumns(side, before) }
  const { leaf } = path
  return {
    ...siblings,
    [`isOld0_${side}`]: leaf === null ? '1' : '0',
    [`oldKey${side}`]: (leaf?.key ?? 0).toString(),
    [`oldValue${side}`]: leaf === null ? '0' : leafValue(leaf, accountValue).toString(),
  }
}

const leafColumns = (side: '1' | '2', before: AccountLeaf): Columns => ({
  [`tokenID${side}`]: before.tokenId.toString(),
  [`nonce${side}`]: before.nonce.toString(),
  [`sign${side}`]: before.sign.toString(),
  [`balance${side}`]: before.balance.toString(),
  [`ay${side}`]: before.ay.toString(),
  [`ethAddr${side}`]: BigInt(before.ethAddr).toString(),
})

/** Sibling hashes root downwards, padded with zeros to nLevels + 1. */
export function siblingsColumn(siblings: readonly Tree<AccountLeaf>[], nLevels: number): readonly string[] {
  const column = Array.from({ length: nLevels + 1 }, () => '0')
  siblings.forEach((sibling, level) => {
    if (sibling !== null) column[level] = hashOf(sibling, accountValue).toString()
  })
  return column
}

/** 256 bits, least significant first. */
const bitsOf = (value: bigint): readonly string[] =>
  value === 0n ? NO_BITS : value.toString(2).padStart(256, '0').split('').toReversed()
