import test from 'ava'
import { Batch } from '../../../../src/entities/forger/batch.ts'
import { AccountCreationAuth, PoolTx } from '../../../../src/entities/forger/pool-tx.ts'
import type { Orm } from '../../../../src/entities/orm.ts'
import { DatabaseDownError } from '../../../../src/entities/errors.ts'
import {
  authorisationDigest,
  joinSignature,
  signAuthorisation,
} from '../../../../src/actors/forger/rollup/authorisation.ts'
import { ANY_ETH_ADDR } from '../../../../src/actors/forger/rollup/types.ts'
import { formatBjj } from '../../../../src/actors/forger/pool-api/hez-format.ts'
import { poolApi } from '../../../../src/actors/forger/pool-api/pool-api.ts'
import { bareRole, NOON, serve, stillClock } from '../../../http/harness.ts'
import { alice, ANY_FEE, bob, carol, domain, ETHER, usePools } from './pool.ts'
import { bodyOf, CHAIN_ID, l2Tx, ROLLUP, type Wallet } from './wallet.ts'

const openPool = usePools(test)

const transfer = l2Tx({ fromIdx: 256, toIdx: 257, nonce: 5, userFee: 10 })

test('a signed transfer is taken, stored as it was signed, and answered in the formats of the Hermez node', async t => {
  const { submit, get, orm } = await openPool()
  const body = bodyOf(transfer, alice)
  t.deepEqual(await submit(body), { status: 200, body: body['id'] })
  t.like(await orm.em.fork().findOneOrFail(PoolTx, { txId: String(body['id']) }), {
    state: 'pend',
    type: 'Transfer',
    fromIdx: 256n,
    toIdx: 257n,
    amount: 1000n,
    nonce: 5n,
    fee: 10,
    clientIp: '127.0.0.1',
    toEthAddr: null,
    signature: `0x${String(body['signature'])}`,
  })
  const shown = (await get(`/v1/transactions-pool/${String(body['id'])}`, {})).json()
  t.like(shown, {
    id: body['id'],
    fromAccountIndex: 'hez:ETH:256',
    toAccountIndex: 'hez:ETH:257',
    amount: '1000',
    state: 'pend',
    fromHezEthereumAddress: `hez:${alice.ethAddr}`,
    fromBJJ: formatBjj(alice.bjj),
    signature: body['signature'],
  })
})

test('the same transaction twice is a duplicate, and stored once', async t => {
  const { submit, stored } = await openPool()
  const body = bodyOf(transfer, alice)
  await submit(body)
  const again = await submit(body)
  t.is(again.status, 409)
  t.like(again.body, { code: 2, type: 'ErrDuplicatedKey' })
  t.is(await stored(), 1)
})

const refused = (name: string, code: number, type: string, make: () => unknown): void => {
  test(`${name} is refused with code ${code}, and nothing is stored`, async t => {
    const { submit, stored } = await openPool()
    const answer = await submit(make())
    t.is(answer.status, 400)
    t.like(answer.body, { code, type })
    t.true((answer.body as { message: string }).message.length > 10)
    t.is(await stored(), 0)
  })
}

const signedBy = (from: Wallet, over: object, chainId = CHAIN_ID): unknown =>
  bodyOf({ ...transfer, ...over }, from, chainId)

refused('an unknown sender', 8, 'ErrGettingSenderAccount', () => signedBy(alice, { fromIdx: 999 }))
refused('another token than the sender’s', 9, 'ErrAccountTokenNotEqualTxToken', () => signedBy(alice, { tokenId: 1 }))
refused('a used nonce', 10, 'ErrInvalidNonce', () => signedBy(alice, { nonce: 4 }))
refused('a signature of somebody else', 11, 'ErrInvalidSignature', () => signedBy(bob, {}))
refused('a signature for another chain', 11, 'ErrInvalidSignature', () => signedBy(alice, {}, 1))
refused('a signature of other bytes', 11, 'ErrInvalidSignature', () => ({
  ...bodyOf(transfer, alice),
  signature: 'ff'.repeat(64),
}))
refused('an unknown receiver', 12, 'ErrGettingReceiverAccount', () => signedBy(alice, { toIdx: 999 }))
refused('a receiver of another token', 9, 'ErrAccountTokenNotEqualTxToken', () => signedBy(alice, { toIdx: 258 }))
refused('an address without account or authorisation', 13, 'ErrCantSendToEthAddr', () =>
  signedBy(alice, { toIdx: 0, toEthAddr: carol.ethAddr }),
)
refused('more than the account holds', 26, 'ErrNotEnoughBalance', () => signedBy(alice, { amount: 2n * ETHER }))
refused('an amount that fits without its fee', 26, 'ErrNotEnoughBalance', () => signedBy(alice, { amount: ETHER }))
refused('a body with a missing field', 1, 'ErrParamValidationFailed', () => ({ tokenId: 0 }))

test('malformed JSON and a body over the limit are refused with code 1, and nothing is stored', async t => {
  const { app, stored } = await openPool()
  const send = (payload: string) =>
    app.inject({
      method: 'POST',
      url: '/v1/transactions-pool',
      headers: { 'content-type': 'application/json' },
      payload,
    })
  const malformed = await send('{"id":')
  t.is(malformed.statusCode, 400)
  t.like(malformed.json(), { code: 1, type: 'ErrParamValidationFailed' })
  const large = await send(`{"id":"${'x'.repeat(70_000)}"}`)
  t.is(large.statusCode, 413)
  t.like(large.json(), { code: 1 })
  t.is(await stored(), 0)
})

test('a nonce ahead of the account’s waits in the pool', async t => {
  const { submit } = await openPool()
  t.is((await submit(signedBy(alice, { nonce: 9 }))).status, 200)
})

test('exits, and transfers to an address or a key, are taken', async t => {
  const { submit, orm } = await openPool()
  t.is((await submit(signedBy(alice, { toIdx: 1 }))).status, 200)
  t.is((await submit(signedBy(alice, { toIdx: 0, toEthAddr: bob.ethAddr, nonce: 6 }))).status, 200)
  const toKey = { toIdx: 0, toEthAddr: ANY_ETH_ADDR, toBjjAy: carol.key.ay, toBjjSign: carol.key.sign, nonce: 7 }
  t.is((await submit(signedBy(alice, toKey))).status, 200)
  const types = await orm.em.fork().find(PoolTx, {}, { orderBy: { itemId: 'asc' } })
  t.deepEqual(
    types.map(tx => tx.type),
    ['Exit', 'TransferToEthAddr', 'TransferToBJJ'],
  )
  t.is(types[2]?.toBjj, carol.bjj)
})

test('the state of batches under way counts: their nonces, balances and new accounts', async t => {
  const { submit, orm, get } = await openPool()
  const em = orm.em.fork()
  em.create(Batch, {
    num: 4,
    epoch: 1,
    oldRoot: 0n,
    newRoot: 1n,
    newExitRoot: 0n,
    oldLastIdx: 258n,
    newLastIdx: 259n,
    l1UserTxs: 0,
    l1CoordinatorTxs: 0,
    l2Txs: 1,
    encodedL1CoordinatorTx: '0x',
    l1L2TxsData: '0x',
    feeIdxCoordinator: '0x',
    verifierIdx: 0,
    publicInput: 0n,
    startBlock: 1n,
    createdAt: new Date(NOON),
    contents: null,
    accounts: [leaf(256, alice, '6', '500'), leaf(259, carol, '0', '77')],
  })
  await em.flush()
  t.like((await submit(signedBy(alice, { nonce: 5, amount: 1n }))).body, { code: 10 })
  t.like((await submit(signedBy(alice, { nonce: 6, amount: 1000n }))).body, { code: 26 })
  t.is((await submit(signedBy(alice, { nonce: 6, amount: 100n, toIdx: 259, userFee: 0 }))).status, 200)
  t.like((await get('/v1/forger/accounts/259', {})).json(), {
    balance: '77',
    hezEthereumAddress: `hez:${carol.ethAddr}`,
  })
  await orm.em.fork().nativeUpdate(Batch, { num: 4 }, { state: 'discarded' })
  t.is((await get('/v1/forger/accounts/259', {})).statusCode, 404)
  t.is((await get('/v1/forger/accounts/hez:ETH:256', {})).json().nonce, 5)
})

const leaf = (idx: number, owner: Wallet, nonce: string, balance: string) => ({
  idx: String(idx),
  tokenId: '0',
  nonce,
  balance,
  ay: owner.key.ay.toString(),
  sign: owner.key.sign,
  ethAddr: owner.ethAddr,
})

test('a full pool takes nothing more and says so', async t => {
  const { submit, stored } = await openPool(2)
  for (const nonce of [5, 6]) t.is((await submit(signedBy(alice, { nonce }))).status, 200)
  const answer = await submit(signedBy(alice, { nonce: 7 }))
  t.is(answer.status, 503)
  t.like(answer.body, { code: 27, type: 'ErrPoolFull' })
  t.is(await stored(), 2)
})

test('places that were not used are given back', async t => {
  const { submit } = await openPool(1)
  t.like((await submit(signedBy(bob, {}))).body, { code: 11 })
  t.is((await submit(signedBy(alice, {}))).status, 200)
})

test('many submissions at a time are all checked and stored once each', async t => {
  const { submit, stored } = await openPool()
  const bodies = Array.from({ length: 12 }, (_, index) => signedBy(alice, { nonce: 5 + index }))
  const answers = await Promise.all([...bodies, ...bodies].map(submit))
  t.is(answers.filter(answer => answer.status === 200).length, 12)
  t.is(answers.filter(answer => answer.status === 409).length, 12)
  t.is(await stored(), 12)
})

test('an account is authorised once, by its owner only, and can then be sent to', async t => {
  const { submit, post, get, orm } = await openPool()
  const send = (signer: Wallet) => {
    const signature = joinSignature(
      signAuthorisation(authorisationDigest(carol.bjj, CHAIN_ID, ROLLUP), signer.privateKey),
    )
    const body = { hezEthereumAddress: `hez:${carol.ethAddr}`, bjj: formatBjj(carol.bjj), signature }
    return post('/v1/account-creation-authorization', body, {})
  }
  const path = `/v1/account-creation-authorization/hez:${carol.ethAddr}`
  t.like((await send(bob)).json(), { code: 11 })
  t.is((await get(path, {})).statusCode, 404)
  t.is((await send(carol)).statusCode, 200)
  t.like((await send(carol)).json(), { code: 2 })
  t.like((await get(path, {})).json(), { bjj: formatBjj(carol.bjj), hezEthereumAddress: `hez:${carol.ethAddr}` })
  t.is(await orm.em.fork().count(AccountCreationAuth, {}), 1)
  t.is((await submit(signedBy(alice, { toIdx: 0, toEthAddr: carol.ethAddr }))).status, 200)
})

test('pool transactions are found by account, owner and state, in pages', async t => {
  const { submit, get } = await openPool()
  for (const nonce of [5, 6, 7]) await submit(signedBy(alice, { nonce }))
  const count = async (query: string): Promise<number> =>
    (await get(`/v1/transactions-pool?${query}`, {})).json().transactions.length
  t.is(await count('accountIndex=hez:ETH:257'), 3)
  t.is(await count('fromAccountIndex=257'), 0)
  t.is(await count(`hezEthereumAddress=hez:${bob.ethAddr}`), 3)
  t.is(await count('state=fged'), 0)
  const first = (await get('/v1/transactions-pool?limit=2', {})).json()
  t.is(first.pendingItems, 1)
  t.is(await count(`fromItem=${first.transactions[1].itemId + 1}`), 1)
  const odd = await get('/v1/transactions-pool?state=odd', {})
  t.is(odd.statusCode, 400)
  t.like(odd.json(), { code: 1 })
})

test('accounts are found by owner; wallets read the chain id and where the rollup stands', async t => {
  const { get } = await openPool()
  const { accounts } = (await get(`/v1/forger/accounts?hezEthereumAddress=${alice.ethAddr}`, {})).json()
  t.deepEqual(
    accounts.map((account: { accountIndex: string; nonce: number }) => [account.accountIndex, account.nonce]),
    [
      ['hez:ETH:256', 5],
      ['hez:TKN1:258', 0],
    ],
  )
  t.is((await get(`/v1/forger/accounts?BJJ=${formatBjj(bob.bjj)}`, {})).json().accounts.length, 1)
  t.is((await get(`/v1/forger/accounts?hezEthereumAddress=${alice.ethAddr}&tokenIds=1`, {})).json().accounts.length, 1)
  t.like((await get('/v1/state', {})).json(), {
    chainId: CHAIN_ID,
    rollupAddress: ROLLUP,
    pool: { pending: 0, maxTxs: 100 },
  })
})

const down = (): Orm => {
  throw new DatabaseDownError('the database is not up yet')
}

test('while the database is down the pool says so in its own words', async t => {
  const pool = poolApi({ orm: down, clock: stillClock, domain, maxTxs: 1, feeRange: ANY_FEE, signatureThreads: 1 })
  const { app, post } = await serve({ roles: [bareRole({ publicRoutes: () => pool })] })
  const answer = await post('/v1/transactions-pool', bodyOf(transfer, alice), {})
  t.is(answer.statusCode, 503)
  t.like(answer.json(), { code: 3, type: 'ErrSQLTimeout' })
  await app.close()
})
