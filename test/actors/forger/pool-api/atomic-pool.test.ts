/** Transactions that are forged together or not at all: what is taken, what is refused, and what a batch is selected from. */
import test from 'ava'
import { loadPool } from '../../../../src/actors/forger/pool-view.ts'
import { selectTransactions } from '../../../../src/actors/forger/rollup/selection.ts'
import { stateFrom } from '../../../../src/actors/forger/rollup/state.ts'
import { verifyL2Signature } from '../../../../src/actors/forger/rollup/l2-signature.ts'
import { tokenValuesOf } from '../../../../src/actors/forger/token-values.ts'
import { PoolTx } from '../../../../src/entities/forger/pool-tx.ts'
import { account, requestFor } from '../rollup/support.ts'
import { alice, bob, carol, ETHER, usePools } from './pool.ts'
import { bodyOf, CHAIN_ID, groupOf, l2Tx } from './wallet.ts'

const openPool = usePools(test)
const toBob = l2Tx({ fromIdx: 256, toIdx: 257, nonce: 5, userFee: 10 })
const toAlice = l2Tx({ fromIdx: 257, toIdx: 256, nonce: 0, amount: 2000n })
const PAIR = [
  [toBob, alice, 1],
  [toAlice, bob, 7],
] as const

test('a group is taken whole, in its order, and shown with its links', async t => {
  const { send, get, stored } = await openPool()
  const body = groupOf(PAIR)
  const ids = body.transactions.map(tx => (tx as Record<string, unknown>)['id'])
  t.deepEqual(await send('POST', '/atomic-pool', body), { status: 200, body: ids })
  t.is(await stored(), 2)
  const shown = (await get(`/v1/atomic-pool/${body.atomicGroupId}`, {})).json()
  t.deepEqual(
    shown.map((tx: { id: string }) => tx.id),
    ids,
  )
  t.like(shown[0], {
    state: 'pend',
    atomicGroupId: body.atomicGroupId,
    requestOffset: 1,
    requestFromAccountIndex: 'hez:ETH:257',
    requestToAccountIndex: 'hez:ETH:256',
    requestAmount: '2000',
    requestTokenId: 0,
    requestFee: 0,
    requestNonce: 0,
    requestToHezEthereumAddress: null,
    requestToBJJ: null,
  })
  t.like((await get(`/v1/transactions-pool/${String(ids[1])}`, {})).json(), { requestOffset: 7 })
})

test('an unknown group is answered with code 4', async t => {
  const { get } = await openPool()
  const answer = await get(`/v1/atomic-pool/0x${'0'.repeat(64)}`, {})
  t.is(answer.statusCode, 404)
  t.like(answer.json(), { code: 4, type: 'ErrSQLNoRows' })
})

test('what is taken is selected as it was signed, together', async t => {
  const { send, orm } = await openPool()
  const triple = groupOf([
    [toBob, alice, 2],
    [l2Tx({ fromIdx: 258, toIdx: 1, tokenId: 1, nonce: 0 }), alice, 7],
    [l2Tx({ ...toAlice, toIdx: 0, toEthAddr: alice.ethAddr }), bob, 7],
  ])
  t.is((await send('POST', '/atomic-pool', triple)).status, 200)
  const { txs } = await loadPool(orm.em.fork(), 100, tokenValuesOf([]))
  const owned = (idx: number, owner: typeof alice, tokenId = 0, nonce = 0) =>
    account(idx, { ...owner.key, ethAddr: owner.ethAddr, tokenId, nonce, balance: ETHER })
  for (const [at, key] of [alice, alice, bob].entries()) {
    const tx = txs[at]
    t.true(tx !== undefined && verifyL2Signature(tx, key.key, CHAIN_ID))
  }
  const state = stateFrom([owned(256, alice, 0, 5), owned(257, bob), owned(258, alice, 1)], 258)
  const request = requestFor(txs)
  const { l2Txs, discarded } = selectTransactions(state, request)
  t.deepEqual(
    l2Txs.map(({ txId }) => txId),
    txs.map(({ txId }) => txId),
  )
  t.deepEqual(discarded, [])
  const short = selectTransactions(stateFrom([owned(256, alice, 0, 5), owned(257, bob)], 258), request)
  t.deepEqual(short.l2Txs, [])
  t.deepEqual(
    short.discarded.map(({ code }) => code),
    [18, 18, 18],
  )
})

test('a member may spend what another one brings', async t => {
  const { send } = await openPool()
  const pair = groupOf([
    [l2Tx({ ...toBob, amount: ETHER / 2n, userFee: 0 }), alice, 1],
    [l2Tx({ ...toAlice, amount: ETHER + ETHER / 4n }), bob, 7],
  ])
  t.is((await send('POST', '/atomic-pool', pair)).status, 200)
})

const refused = (name: string, code: number, type: string, make: () => unknown, status = 400): void => {
  test(`${name} is refused with code ${code}, and nothing is stored`, async t => {
    const { send, stored } = await openPool(2)
    const answer = await send('POST', '/atomic-pool', make())
    t.like(answer.body, { code, type })
    t.is(answer.status, status)
    t.is(await stored(), 0)
  })
}

const changed = (at: number, over: object) => {
  const { atomicGroupId, transactions } = groupOf(PAIR)
  return { atomicGroupId, transactions: transactions.map((tx, place) => (place === at ? { ...tx, ...over } : tx)) }
}
const ring = (size: number, offset: number) =>
  groupOf(Array.from({ length: size }, (_, at) => [l2Tx({ ...toBob, nonce: 5 + at }), alice, at === 0 ? offset : 7]))

refused('a body without transactions', 1, 'ErrParamValidationFailed', () => ({ atomicGroupId: '0x' }))
refused('a member with maxNumBatch', 1, 'ErrParamValidationFailed', () => changed(0, { maxNumBatch: 9 }))
refused('a member with a wrong id', 6, 'ErrInvalidTxTypeOrTxID', () => changed(0, { id: `0x${'0'.repeat(66)}` }))
refused('a member of a sender nobody knows', 8, 'ErrGettingSenderAccount', () =>
  groupOf([
    [toBob, alice, 1],
    [l2Tx({ ...toAlice, fromIdx: 999 }), bob, 7],
  ]),
)
refused('a member that somebody else signed', 11, 'ErrInvalidSignature', () =>
  groupOf([
    [toBob, alice, 1],
    [toAlice, carol, 7],
  ]),
)
refused('a member that signed another link', 11, 'ErrInvalidSignature', () =>
  groupOf([
    [toBob, alice, 1],
    [toAlice, bob, 7],
    [l2Tx({ ...toBob, nonce: 6 }), alice, 6],
  ]).transactions.length === 3
    ? { ...groupOf(PAIR), transactions: [groupOf(PAIR).transactions[0], { ...bodyOf(toAlice, bob), requestOffset: 7 }] }
    : null,
)
refused('a member that needs nobody', 22, 'ErrFailedToFindOffsetToRelativePosition', () =>
  changed(1, { requestOffset: 0 }),
)
refused('an offset beyond 7', 22, 'ErrFailedToFindOffsetToRelativePosition', () => changed(1, { requestOffset: 8 }))
refused('a link out of the group', 20, 'ErrRqOffsetOutOfBounds', () => changed(1, { requestOffset: 1 }))
refused('a group that would work without one of them', 18, 'ErrTxsNotAtomic', () => ring(3, 1))
refused('a group of one', 19, 'ErrSingleTxInAtomicEndpoint', () => groupOf([[toBob, alice, 1]]))
refused('another group id', 21, 'ErrInvalidAtomicGroupID', () => ({
  ...groupOf(PAIR),
  atomicGroupId: `0x${'1'.repeat(64)}`,
}))
refused('a group larger than the room that is left', 27, 'ErrPoolFull', () => ring(3, 2), 503)

test('a group with a member that is in the pool already is refused with code 2, and nothing of it is stored', async t => {
  const { send, submit, orm } = await openPool()
  await submit(bodyOf(toAlice, bob))
  const answer = await send('POST', '/atomic-pool', groupOf(PAIR))
  t.like(answer, { status: 409, body: { code: 2, type: 'ErrDuplicatedKey' } })
  t.deepEqual(
    (await orm.em.fork().find(PoolTx, {})).map(tx => tx.atomicGroupId),
    [null],
  )
})

test('a member alone is refused with code 14 at the pool of single transactions', async t => {
  const { submit, send, stored } = await openPool()
  const [member] = groupOf(PAIR).transactions
  t.like((await submit(member)).body, { code: 14, type: 'ErrNotAtomicTxsInPostPoolTx' })
  const path = `/transactions-pool/${String((member as Record<string, unknown>)['id'])}`
  t.like((await send('PUT', path, member)).body, { code: 14 })
  t.is(await stored(), 0)
})

test('fees in dollars are asked for where prices are known: code 23 below, 24 above, a group by its average', async t => {
  const values = tokenValuesOf([{ id: 0, decimals: 18, usd: 2500 }])
  const { submit, send } = await openPool(10, { values, minUsd: 0.5, maxUsd: 10 })
  /** Selector 60 is about 1 % of the amount, 180 two thirds. */
  const paying = (amount: bigint, userFee: number, nonce = 5) => l2Tx({ ...toBob, amount, userFee, nonce })
  t.like((await submit(bodyOf(paying(1000n, 10), alice))).body, { code: 23, type: 'ErrFeeTooLow' })
  t.like((await submit(bodyOf(paying(ETHER / 10n, 180), alice))).body, { code: 24, type: 'ErrFeeTooBig' })
  const half = (nonce: number) => paying(ETHER / 4n, 60, nonce)
  t.is((await submit(bodyOf(half(5), alice))).status, 200)
  const [nothing, enough] = [l2Tx({ ...toAlice }), half(6)]
  t.is(
    (
      await send(
        'POST',
        '/atomic-pool',
        groupOf([
          [enough, alice, 1],
          [nothing, bob, 7],
        ]),
      )
    ).status,
    200,
  )
  const low = groupOf([
    [paying(1000n, 0, 7), alice, 1],
    [l2Tx({ ...toAlice, nonce: 1 }), bob, 7],
  ])
  t.like((await send('POST', '/atomic-pool', low)).body, { code: 23 })
})
