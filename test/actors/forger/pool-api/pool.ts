/** A pool API on a database of its own, with three accounts. */
import type { TestFn } from 'ava'
import { Account, FoldedState } from '../../../../src/entities/forger/batch.ts'
import { forgerSchema } from '../../../../src/entities/forger/index.ts'
import { PoolTx } from '../../../../src/entities/forger/pool-tx.ts'
import type { Orm } from '../../../../src/entities/orm.ts'
import type { FeeRange } from '../../../../src/actors/forger/pool-api/fee-range.ts'
import { poolApi } from '../../../../src/actors/forger/pool-api/pool-api.ts'
import { tokenValuesOf } from '../../../../src/actors/forger/token-values.ts'
import { bareRole, NOON, openTestOrm, serve, stillClock, type Served } from '../../../http/harness.ts'
import { useDatabases } from '../../../support/postgres.ts'
import { CHAIN_ID, ROLLUP, wallet } from './wallet.ts'

export const alice = wallet(1)
export const bob = wallet(2)
export const carol = wallet(3)
export const ETHER = 10n ** 18n
/** No prices, no limits. */
export const ANY_FEE: FeeRange = { values: tokenValuesOf([]), minUsd: 0, maxUsd: 0 }

export const domain = () => ({ chainId: CHAIN_ID, rollup: ROLLUP })

export interface Answered {
  readonly status: number
  readonly body: unknown
}

export interface Pool extends Served {
  readonly orm: Orm
  readonly send: (method: 'POST' | 'PUT', path: string, body: unknown) => Promise<Answered>
  readonly submit: (body: unknown) => Promise<Answered>
  readonly stored: () => Promise<number>
}

/**
 * `const openPool = usePools(test)` at the top of a file. Alice owns 256 with nonce 5 and bob 257 in ether, alice 258 in
 * token 1; each has 10^18.
 */
export function usePools(test: TestFn): (maxTxs?: number, feeRange?: FeeRange) => Promise<Pool> {
  const databases = useDatabases(test)
  const ends: (() => Promise<unknown>)[] = []
  test.after.always('servers and connections end', async () => {
    for (const end of ends) await end()
  })
  test.before(() => databases.template('forger', async url => (await openTestOrm(url, [forgerSchema])).close()))

  const open = async (maxTxs: number, feeRange: FeeRange): Promise<Pool> => {
    const orm = await openTestOrm(await databases.create('forger'), [forgerSchema])
    await populate(orm)
    let now = NOON
    const clock = { ...stillClock, now: () => (now += 2000) } // every look is new
    const options = { orm: () => orm, clock, domain, maxTxs, feeRange, signatureThreads: 1 }
    const served = await serve({ orm: () => orm, roles: [bareRole({ publicRoutes: () => poolApi(options) })] })
    ends.push(
      () => served.app.close(),
      () => orm.close(),
    )
    const send: Pool['send'] = async (method, path, body) => {
      const answer = await served.app.inject({ method, url: `/v1${path}`, payload: body as object }) // JSON of a test's own
      return { status: answer.statusCode, body: answer.json() }
    }
    return {
      ...served,
      orm,
      send,
      submit: body => send('POST', '/transactions-pool', body),
      stored: () => orm.em.fork().count(PoolTx, {}),
    }
  }
  let turn: Promise<unknown> = Promise.resolve()
  return (maxTxs = 100, feeRange = ANY_FEE) => {
    const opened = turn.then(() => open(maxTxs, feeRange)) // one after the other: each starts a server and a thread
    turn = opened.catch(() => {})
    return opened
  }
}

async function populate(orm: Orm): Promise<void> {
  const em = orm.em.fork()
  em.create(FoldedState, { name: 'base', batchNum: 3, root: 0n, lastIdx: 258n })
  for (const [idx, owner, tokenId, nonce] of [
    [256, alice, 0, 5],
    [257, bob, 0, 0],
    [258, alice, 1, 0],
  ] as const) {
    em.create(Account, {
      idx: BigInt(idx),
      tokenId: BigInt(tokenId),
      nonce: BigInt(nonce),
      balance: ETHER,
      batchNum: 3,
      ay: owner.key.ay,
      sign: owner.key.sign,
      ethAddr: owner.ethAddr,
    })
  }
  await em.flush()
}
