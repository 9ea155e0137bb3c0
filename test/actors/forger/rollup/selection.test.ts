/**
 * Which transactions go into a batch, in which order, and what is said about the others.
 */
import test from 'ava'
import { buildBatch } from '../../../../src/actors/forger/rollup/batch.ts'
import { offsetOf } from '../../../../src/actors/forger/rollup/links.ts'
import { txCompressedDataV2 } from '../../../../src/actors/forger/rollup/l2-codec.ts'
import { selectTransactions } from '../../../../src/actors/forger/rollup/selection.ts'
import type { PoolTx } from '../../../../src/actors/forger/rollup/selection-types.ts'
import { rootOf } from '../../../../src/actors/forger/rollup/state.ts'
import { ANY_ETH_ADDR } from '../../../../src/actors/forger/rollup/types.ts'
import { account, address, bytes32, CIRCUIT, pooled, requestFor, stateOf } from './support.ts'

const three = () => stateOf(account(256), account(257), account(258))

const nonces = (txs: readonly { readonly fromIdx: number; readonly nonce: number }[]) =>
  txs.map(({ fromIdx, nonce }) => `${fromIdx}/${nonce}`)

const reasons = (discarded: readonly { readonly txId: string; readonly code: number }[], tx: PoolTx) =>
  discarded.filter(({ txId }) => txId === tx.txId).map(({ code }) => code)

test('the best fee goes first, then the lower sender, then the lower nonce', t => {
  const pool = [
    pooled({ fromIdx: 258, feeValue: 1 }),
    pooled({ fromIdx: 257, toIdx: 258, feeValue: 1 }),
    pooled({ fromIdx: 256, feeValue: 0.5 }),
    pooled({ fromIdx: 256, nonce: 1, feeValue: 0.5, amount: 2n }),
    pooled({ fromIdx: 257, toIdx: 258, nonce: 1, feeValue: 9 }),
  ]
  const { l2Txs, discarded } = selectTransactions(three(), requestFor(pool))
  t.deepEqual(nonces(l2Txs), ['257/0', '258/0', '256/0', '256/1', '257/1'])
  t.deepEqual(discarded, [])
})

test('passes repeat until the nonces of a sender are used up, whatever their fees', t => {
  const pool = [2, 0, 1, 4, 3].map((nonce, at) => pooled({ nonce, feeValue: at }))
  const { l2Txs } = selectTransactions(three(), requestFor(pool))
  t.deepEqual(nonces(l2Txs), ['256/0', '256/1', '256/2', '256/3', '256/4'])
})

test('a sender without means waits in vain, and in time for money that arrives in the batch', t => {
  const spends = pooled({ fromIdx: 257, toIdx: 258, amount: 1005n, feeValue: 5 })
  const alone = selectTransactions(three(), requestFor([spends]))
  t.deepEqual(reasons(alone.discarded, spends), [11])
  const both = selectTransactions(three(), requestFor([spends, pooled({ feeValue: 1 })]))
  t.deepEqual(nonces(both.l2Txs), ['256/0', '257/0'])
  t.deepEqual(both.discarded, [])
})

test('each reason has the code of the reference', t => {
  const cases: [PoolTx, number][] = [
    [pooled({ toIdx: 1, amount: 0n }), 1],
    [pooled({ maxNumBatch: 4 }), 2],
    [pooled({ amount: 1001n }), 11],
    [pooled({ nonce: 1 }), 12],
    [pooled({ toIdx: 0, toEthAddr: address(999) }), 14],
    [pooled({ toIdx: 999 }), 15],
    [pooled({ fromIdx: 999 }), 16],
    [pooled({ toIdx: 259 }), 16],
    [pooled({ rqOffset: 1 }), 18],
  ]
  const state = stateOf(account(256), account(257), account(258), account(259, { tokenId: 2 }))
  for (const [tx, code] of cases) {
    const { l2Txs, discarded } = selectTransactions(state, requestFor([tx], { batchNum: 5 }))
    t.deepEqual(l2Txs, [])
    t.deepEqual(reasons(discarded, tx), [code], `${code}`)
  }
})

test('an unknown sender discards only its own transaction', t => {
  const stranger = pooled({ fromIdx: 999, feeValue: 99 })
  const { l2Txs, discarded } = selectTransactions(three(), requestFor([stranger, pooled()]))
  t.deepEqual(nonces(l2Txs), ['256/0'])
  t.deepEqual(reasons(discarded, stranger), [16])
})

test('the coordinator opens one account for each new token and collects there', t => {
  const state = stateOf(account(256), account(257, { tokenId: 7 }), account(258, { tokenId: 7 }))
  const pool = [0, 1].map(nonce => pooled({ fromIdx: 257, toIdx: 258, tokenId: 7, nonce }))
  const { l1CoordinatorTxs, feeIdxs, l2Txs } = selectTransactions(state, requestFor(pool))
  t.deepEqual(
    l1CoordinatorTxs.map(({ fromEthAddr, tokenId }) => [fromEthAddr, tokenId]),
    [[address(256), 7]],
  )
  t.deepEqual(feeIdxs, [259])
  t.is(l2Txs.length, 2)
})

test('no fee account is left behind by a transaction that is dropped after all', t => {
  const state = stateOf(account(256), account(257, { tokenId: 7 }))
  const tx = pooled({ fromIdx: 257, toIdx: 300, tokenId: 7 })
  const { l1CoordinatorTxs, feeIdxs, discarded } = selectTransactions(state, requestFor([tx]))
  t.deepEqual([l1CoordinatorTxs, feeIdxs], [[], []])
  t.deepEqual(reasons(discarded, tx), [15])
})

test('no more tokens are collected than there are fee slots', t => {
  const tokens = [1, 2, 3]
  const state = stateOf(
    ...tokens.flatMap(tokenId => [
      account(256 + 2 * tokenId, { tokenId }),
      account(257 + 2 * tokenId, { tokenId, ethAddr: address(256), ay: 256n }),
    ]),
  )
  const pool = tokens.map(tokenId =>
    pooled({ fromIdx: 256 + 2 * tokenId, toIdx: 257 + 2 * tokenId, tokenId, feeValue: -tokenId }),
  )
  const { l2Txs, discarded } = selectTransactions(state, requestFor(pool))
  t.deepEqual(
    l2Txs.map(({ tokenId }) => tokenId),
    [1, 2],
  )
  t.deepEqual(
    discarded.map(({ code }) => code),
    [17],
  )
})

test('a receiver who authorised it gets an account, once', t => {
  const authorisation = { ethAddr: address(999), bjj: bytes32(77), signature: `0x${'2'.repeat(130)}` } as const
  const pool = [0, 1].map(nonce => pooled({ toIdx: 0, toEthAddr: address(999), nonce }))
  const request = requestFor(pool, { authorisations: new Map([[authorisation.ethAddr, authorisation]]) })
  const { l1CoordinatorTxs, l2Txs } = selectTransactions(three(), request)
  t.deepEqual(
    l2Txs.map(({ auxToIdx }) => auxToIdx),
    [259, 259],
  )
  t.deepEqual(
    l1CoordinatorTxs.map(({ fromEthAddr, fromBjjCompressed, v }) => [fromEthAddr, fromBjjCompressed, v]),
    [[address(999), bytes32(77), 0x22]],
  )
})

test('a transfer to a key creates an account of "any address"', t => {
  const tx = pooled({ toIdx: 0, toEthAddr: ANY_ETH_ADDR, toBjjAy: 77n, toBjjSign: 1 })
  const { l1CoordinatorTxs, l2Txs } = selectTransactions(three(), requestFor([tx]))
  t.is(l1CoordinatorTxs[0]?.fromEthAddr, ANY_ETH_ADDR)
  t.is(l1CoordinatorTxs[0]?.v, 0)
  t.is(l2Txs[0]?.auxToIdx, 259)
})

test('an account that a later L1 transaction will create is waited for', t => {
  const authorisation = { ethAddr: address(999), bjj: bytes32(77), signature: `0x${'2'.repeat(130)}` } as const
  const future = {
    fromEthAddr: address(999),
    fromBjjCompressed: bytes32(77),
    fromIdx: 0,
    loadAmountF: 1,
    amountF: 0,
    tokenId: 1,
    toIdx: 0,
  } as const
  const tx = pooled({ toIdx: 0, toEthAddr: address(999) })
  const { l1CoordinatorTxs, discarded } = selectTransactions(
    three(),
    requestFor([tx], {
      authorisations: new Map([[authorisation.ethAddr, authorisation]]),
      futureL1UserTxs: [future],
    }),
  )
  t.deepEqual(l1CoordinatorTxs, [])
  t.deepEqual(reasons(discarded, tx), [14])
})

test('a new account needs room for itself and for the transaction', t => {
  const tx = pooled({ toIdx: 0, toEthAddr: ANY_ETH_ADDR, toBjjAy: 77n })
  const request = requestFor([tx], { circuit: { ...CIRCUIT, maxTx: 1 } })
  const { l2Txs, discarded } = selectTransactions(three(), request)
  t.deepEqual(l2Txs, [])
  t.deepEqual(reasons(discarded, tx), [13])
})

test('no account is created beyond the last index of the tree', t => {
  const last = account(2 ** 16 - 1)
  const tx = pooled({ toIdx: 0, toEthAddr: ANY_ETH_ADDR, toBjjAy: 77n })
  const request = requestFor([tx, pooled({ nonce: 0, amount: 3n, feeValue: 0 })], {
    circuit: { ...CIRCUIT, nLevels: 16 },
  })
  const { l2Txs, discarded } = selectTransactions(stateOf(account(256), account(257), last), request)
  t.deepEqual(nonces(l2Txs), ['256/0'])
  t.deepEqual(reasons(discarded, tx), [13])
})

test('what there is no room for is neither selected nor reported', t => {
  const pool = Array.from({ length: 12 }, (_, nonce) => pooled({ nonce }))
  const { l2Txs, discarded } = selectTransactions(three(), requestFor(pool))
  t.is(l2Txs.length, CIRCUIT.maxTx)
  t.deepEqual(discarded, [])
})

/** Two transactions that name each other, with the fees given. */
function pair(fees: readonly [number, number], second: Partial<PoolTx> = {}): PoolTx[] {
  const a = pooled({ toIdx: 257, amount: 30n, atomicGroup: 'g', feeValue: fees[0], rqOffset: offsetOf(1) ?? 0 })
  const b = pooled({ fromIdx: 257, toIdx: 256, atomicGroup: 'g', feeValue: fees[1], rqOffset: 7, ...second })
  return [
    { ...a, rqTxCompressedDataV2: txCompressedDataV2(b) },
    { ...b, rqTxCompressedDataV2: txCompressedDataV2(a) },
  ]
}

test('an atomic group goes in together, at the place of its average fee', t => {
  const before = pooled({ fromIdx: 258, feeValue: 6 })
  const after = pooled({ fromIdx: 258, nonce: 1, feeValue: 4 })
  const { l2Txs } = selectTransactions(three(), requestFor([after, ...pair([1, 9]), before]))
  t.deepEqual(nonces(l2Txs), ['258/0', '256/0', '257/0', '258/1'])
})

test('an atomic group with one bad member leaves nothing behind', t => {
  const group = pair([1, 9], { amount: 5000n })
  const { l2Txs, discarded } = selectTransactions(three(), requestFor([...group, pooled({ amount: 3n, feeValue: 0 })]))
  t.deepEqual(
    l2Txs.map(({ amount }) => amount),
    [3n],
  )
  t.deepEqual(
    discarded.map(({ code }) => code),
    [18, 18],
  )
})

test('a group whose links do not match is malformed', t => {
  const [a, b] = pair([1, 1])
  const { l2Txs, discarded } = selectTransactions(three(), requestFor([a, { ...b, rqOffset: 6 }] as PoolTx[]))
  t.deepEqual(l2Txs, [])
  t.deepEqual(
    discarded.map(({ code }) => code),
    [18, 18],
  )
})

test('what is selected can be built, and selecting changes nothing', t => {
  const state = three()
  const root = rootOf(state)
  const request = requestFor([
    ...pair([3, 3]),
    pooled({ fromIdx: 258, toIdx: 0, toEthAddr: ANY_ETH_ADDR, toBjjAy: 77n, userFee: 20 }),
    pooled({ fromIdx: 258, toIdx: 1, nonce: 1 }),
  ])
  const selection = selectTransactions(state, request)
  t.is(rootOf(state), root)
  const built = buildBatch(state, { ...request, ...selection })
  t.is(built.l2Effects.length, 4)
  t.is(rootOf(state), root)
})
