/** Finding pool transactions and slots. */
import test from 'ava'
import { PoolRefusal } from '../../../../src/actors/forger/pool-api/errors.ts'
import * as errors from '../../../../src/actors/forger/pool-api/errors.ts'
import { formatBjj } from '../../../../src/actors/forger/pool-api/hez-format.ts'
import { ANY_ETH_ADDR } from '../../../../src/actors/forger/rollup/types.ts'
import { AccountCreationAuth, PoolTx } from '../../../../src/entities/forger/pool-tx.ts'
import { HeadView } from '../../../../src/entities/forger/chain-facts.ts'
import type { Em } from '../../../../src/entities/orm.ts'
import { chainView, US } from '../../../support/chain-view.ts'
import { NOON } from '../../../http/harness.ts'
import { alice, bob, carol, usePools, type Pool } from './pool.ts'
import { bodyOf, l2Tx } from './wallet.ts'

const openPool = usePools(test)

/** Nonces of alice's four transactions, each to somebody else: bob's account, carol's address, bob's key, an exit. */
const [TO_BOB, TO_CAROL, TO_KEY, EXIT] = [5, 6, 7, 8]

async function filled(): Promise<Pool> {
  const pool = await openPool()
  const authorised = { ethAddr: carol.ethAddr, bjj: carol.bjj, signature: '0x', receivedAt: new Date(NOON) }
  await pool.orm.em.fork().insert(AccountCreationAuth, authorised)
  const key = { toEthAddr: ANY_ETH_ADDR, toBjjAy: carol.key.ay, toBjjSign: carol.key.sign }
  for (const receiver of [
    { nonce: TO_BOB, toIdx: 257 },
    { nonce: TO_CAROL, toIdx: 0, toEthAddr: carol.ethAddr },
    { nonce: TO_KEY, toIdx: 0, ...key },
    { nonce: EXIT, toIdx: 1 },
  ])
    await pool.submit(bodyOf(l2Tx({ fromIdx: 256, ...receiver }), alice))
  return pool
}

const nonces = async ({ get }: Pool, query: string): Promise<number[]> =>
  (await get(`/v1/transactions-pool?${query}`, {})).json().transactions.map((tx: { nonce: number }) => tx.nonce)

test('each filter finds senders, receivers, or both; a receiver is an account, an address or a key', async t => {
  const pool = await filled()
  const all = [TO_BOB, TO_CAROL, TO_KEY, EXIT]
  for (const [query, expected] of [
    ['', all],
    ['tokenId=0', all],
    ['tokenId=1', []],
    ['type=Exit', [EXIT]],
    ['state=pend', all],
    ['state=invl', []],
    ['batchNum=7', []],
    ['accountIndex=hez:ETH:257', [TO_BOB]],
    ['fromAccountIndex=256', all],
    ['toAccountIndex=256', []],
    ['fromAccountIndex=256&toAccountIndex=257', [TO_BOB]],
    [`hezEthereumAddress=hez:${alice.ethAddr}`, all],
    [`fromHezEthereumAddress=${alice.ethAddr}&toHezEthereumAddress=hez:${bob.ethAddr}`, [TO_BOB]],
    [`toHezEthereumAddress=hez:${carol.ethAddr}`, [TO_CAROL]],
    [`fromHezEthereumAddress=${carol.ethAddr}`, []],
    [`BJJ=${formatBjj(alice.bjj)}`, all],
    [`fromBJJ=${formatBjj(bob.bjj)}`, []],
    [`toBJJ=${formatBjj(bob.bjj)}`, [TO_BOB]],
    [`toBJJ=${formatBjj(carol.bjj)}`, [TO_KEY]],
  ] as const) {
    t.deepEqual(await nonces(pool, query), [...expected], query)
  }
})

test('pages go on from the last item in either order, and say how much is left', async t => {
  const pool = await filled()
  t.deepEqual(await nonces(pool, 'order=DESC'), [EXIT, TO_KEY, TO_CAROL, TO_BOB])
  const first = (await pool.get('/v1/transactions-pool?order=DESC&limit=3', {})).json()
  t.is(first.pendingItems, 1)
  const next = `order=DESC&limit=3&fromItem=${first.transactions[2].itemId - 1}`
  t.deepEqual(await nonces(pool, next), [TO_BOB])
})

test('what is marked for deletion from outside is not listed', async t => {
  const pool = await filled()
  await pool.orm.em.fork().nativeUpdate(PoolTx, { nonce: BigInt(EXIT) }, { externalDelete: true })
  t.deepEqual(await nonces(pool, ''), [TO_BOB, TO_CAROL, TO_KEY])
})

test('filters that are malformed or do not go together are code 1', async t => {
  const { get } = await openPool()
  for (const query of [
    'accountIndex=odd',
    'hezEthereumAddress=0x1',
    'BJJ=hez:AAAA',
    'type=Deposit',
    'state=odd',
    'limit=0',
    'limit=2050',
    'order=UP',
    'unknown=1',
    `hezEthereumAddress=${alice.ethAddr}&BJJ=${formatBjj(alice.bjj)}`,
    `accountIndex=256&toHezEthereumAddress=${alice.ethAddr}`,
    'accountIndex=256&tokenId=0',
  ]) {
    const answer = await get(`/v1/transactions-pool?${query}`, {})
    t.is(answer.statusCode, 400, query)
    t.like(answer.json(), { code: 1, type: 'ErrParamValidationFailed' }, query)
  }
})

const showHead = async (em: Em, genesis = 0): Promise<void> => {
  const view = genesis === 0 ? chainView(103, [US, US]) : { ...chainView(103, [US, US]), currentSlot: null }
  await em.insert(HeadView, { name: 'head', blockNumber: 103n, blockHash: '0x', view })
}

test('slots are listed with their blocks; without a block code 15, before the auction code 16, beyond all blocks code 17', async t => {
  const { get, orm } = await openPool()
  const read = async (path: string) => {
    const answer = await get(`/v1/slots${path}`, {})
    return { status: answer.statusCode, ...answer.json() }
  }
  t.like(await read(''), { status: 503, code: 15, type: 'ErrFailedToGetCurrentBlock' })
  await showHead(orm.em.fork(), 1)
  t.like(await read('/1'), { status: 503, code: 16, type: 'ErrFailedToGetAuctionVars' })
  await orm.em.fork().nativeDelete(HeadView, {})
  await showHead(orm.em.fork())
  const { view } = await orm.em.fork().findOneOrFail(HeadView, { name: 'head' })
  const current = Number(view.currentSlot?.slot)
  const { slots } = await read('')
  t.deepEqual(
    slots.map(({ slotNum, firstBlock }: { slotNum: number; firstBlock: number }) => [slotNum, String(firstBlock)]),
    [
      [current, view.currentSlot?.startBlock],
      [current + 1, view.nextSlot?.startBlock],
    ],
  )
  t.like(await read(`/${current}`), { slotNum: current, forger: US, lastBlock: Number(view.currentSlot?.endBlock) })
  t.like(await read(`?minSlotNum=0&maxSlotNum=9&limit=3&order=DESC`), { pendingItems: 7 })
  t.like(await read(`/${2 ** 52}`), { status: 400, code: 17, type: 'ErrFailedToAddEmptySlot' })
  t.like(await read('/odd'), { status: 400, code: 1 })
})

test('codes 1 to 25 are the numbers and names of the Hermez node', t => {
  const names = new Map<number, string>()
  for (const Refusal of Object.values(errors)) {
    if (typeof Refusal !== 'function' || !(Refusal.prototype instanceof PoolRefusal)) continue
    const refusal = new (Refusal as new (message: string) => PoolRefusal)('why')
    names.set(refusal.number, refusal.type)
  }
  t.deepEqual(
    Array.from({ length: 25 }, (_, at) => names.get(at + 1)),
    [
      'ErrParamValidationFailed',
      'ErrDuplicatedKey',
      'ErrSQLTimeout',
      'ErrSQLNoRows',
      'ErrExitAmount0',
      'ErrInvalidTxTypeOrTxID',
      'ErrFeeOverflow',
      'ErrGettingSenderAccount',
      'ErrAccountTokenNotEqualTxToken',
      'ErrInvalidNonce',
      'ErrInvalidSignature',
      'ErrGettingReceiverAccount',
      'ErrCantSendToEthAddr',
      'ErrNotAtomicTxsInPostPoolTx',
      'ErrFailedToGetCurrentBlock',
      'ErrFailedToGetAuctionVars',
      'ErrFailedToAddEmptySlot',
      'ErrTxsNotAtomic',
      'ErrSingleTxInAtomicEndpoint',
      'ErrRqOffsetOutOfBounds',
      'ErrInvalidAtomicGroupID',
      'ErrFailedToFindOffsetToRelativePosition',
      'ErrFeeTooLow',
      'ErrFeeTooBig',
      'ErrNothingToUpdate',
    ],
  )
})
