/**
 * Selection against the plain reading of its rule: walk the sorted pool again and again until a walk selects nothing.
 */
import test from 'ava'
import fc from 'fast-check'
import { toHex } from '../../../../src/actors/forger/rollup/bytes.ts'
import { txCompressedDataV2 } from '../../../../src/actors/forger/rollup/l2-codec.ts'
import { Admission } from '../../../../src/actors/forger/rollup/selection-admission.ts'
import { unitsOf } from '../../../../src/actors/forger/rollup/selection-units.ts'
import { selectTransactions } from '../../../../src/actors/forger/rollup/selection.ts'
import type { PoolTx, SelectionRequest } from '../../../../src/actors/forger/rollup/selection-types.ts'
import { buildBatch } from '../../../../src/actors/forger/rollup/batch.ts'
import type { RollupState } from '../../../../src/actors/forger/rollup/state.ts'
import { ZERO_ETH_ADDR } from '../../../../src/actors/forger/rollup/types.ts'
import { account, address, bytes32, pooled, requestFor, stateOf } from './support.ts'

function byWalks(state: RollupState, request: SelectionRequest): string[] {
  const admission = new Admission(state, request)
  let waiting = unitsOf(request.pool).units
  for (let selected = true; selected;) {
    const before = waiting.length
    waiting = waiting.filter(unit => !admission.hasRoom || !admission.admit(unit).admitted)
    selected = waiting.length < before
  }
  return admission.selection().l2Txs.map(({ txId }) => txId)
}

const ACCOUNTS = 4
const NEWCOMER = address(999)
const idx = fc.integer({ min: 256, max: 255 + ACCOUNTS })

/** Amounts near the balance of 100, so that many wait for others; a receiver may be new. */
const draft = fc.record({
  fromIdx: idx,
  toIdx: fc.oneof({ weight: 5, arbitrary: idx }, fc.constantFrom(0, 1, 700)),
  amount: fc.bigInt({ min: 30n, max: 150n }),
  nonce: fc.integer({ min: 0, max: 2 }),
  userFee: fc.constantFrom(0, 0, 192),
  feeValue: fc.integer({ min: 0, max: 5 }),
  maxNumBatch: fc.constantFrom(...Array.from({ length: 8 }, () => 0), 9, 1),
  linked: fc.integer({ min: 0, max: 9 }).map(die => die === 0),
})

function poolOf(drafts: readonly (Partial<PoolTx> & { readonly linked: boolean })[]): PoolTx[] {
  const txs = drafts.map(({ linked: _linked, ...parts }, at) =>
    pooled({ ...parts, txId: toHex(at, 33), toEthAddr: parts.toIdx === 0 ? NEWCOMER : ZERO_ETH_ADDR }),
  )
  return txs.map((tx, at) => {
    const [own, next, before] = [drafts[at]?.linked, txs[at + 1], txs[at - 1]]
    if (own && next && !drafts[at - 1]?.linked) return linkedTo(tx, next, 1, at)
    return drafts[at - 1]?.linked && before && !drafts[at - 2]?.linked ? linkedTo(tx, before, 7, at - 1) : tx
  })
}

const linkedTo = (tx: PoolTx, other: PoolTx, rqOffset: number, group: number): PoolTx => ({
  ...tx,
  rqOffset,
  rqTxCompressedDataV2: txCompressedDataV2(other),
  rqToEthAddr: other.toEthAddr,
  atomicGroup: `group ${group}`,
})

test('the schedule selects what walking the whole pool again and again would, in the same order', t => {
  const authorisation = { ethAddr: NEWCOMER, bjj: bytes32(77), signature: toHex(0, 65) }
  const accounts = Array.from({ length: ACCOUNTS }, (_, at) => account(256 + at, { balance: 100n }))
  fc.assert(
    fc.property(
      fc.array(draft, { minLength: 4, maxLength: 30, size: 'max' }),
      fc.boolean(),
      fc.integer({ min: 2, max: 20 }),
      (drafts, authorised, maxTx) => {
        const request = requestFor(poolOf(drafts), {
          batchNum: 5,
          circuit: { maxTx, nLevels: 32, maxL1Tx: 4, maxFeeTx: 2 },
          authorisations: new Map(authorised ? [[NEWCOMER, authorisation]] : []),
        })
        const state = stateOf(...accounts)
        const selection = selectTransactions(state, request)
        t.deepEqual(
          selection.l2Txs.map(({ txId }) => txId),
          byWalks(state, request),
        )
        const reported = new Set(selection.discarded.map(({ txId }) => txId))
        t.is(reported.size, selection.discarded.length)
        t.false(selection.l2Txs.some(({ txId }) => reported.has(txId)))
        const built = buildBatch(state, { ...request, ...selection })
        t.is(built.l2Effects.length, selection.l2Txs.length)
      },
    ),
    { numRuns: 300 },
  )
})
