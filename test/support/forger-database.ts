/** Databases with the kernel's and the forger's tables, and rows to begin a test with. */
import type { ExecutionContext, TestFn } from 'ava'
import { Batch, type BatchState } from '../../src/entities/forger/batch.ts'
import { forgerSchema } from '../../src/entities/forger/index.ts'
import { PoolTx } from '../../src/entities/forger/pool-tx.ts'
import { kernelSchema } from '../../src/entities/kernel/index.ts'
import { migrate, openOrm, type Em, type Orm } from '../../src/entities/orm.ts'
import { useDatabases } from './postgres.ts'

const SCHEMAS = [kernelSchema, forgerSchema]

/** `const database = useForgerDatabase(test)` at the top of a file, then `const orm = await database(t)`: a new one each. */
export function useForgerDatabase(test: TestFn): (t: ExecutionContext) => Promise<Orm> {
  const databases = useDatabases(test)
  let prepared: Promise<void> | undefined
  let turn: Promise<unknown> = Promise.resolve()
  const prepare = async (url: string): Promise<void> => {
    const orm = await openOrm(url, SCHEMAS)
    await migrate(orm, url, SCHEMAS)
    await orm.close()
  }
  return async t => {
    await (prepared ??= databases.template('forger', prepare))
    const url = turn.then(() => databases.create('forger'))
    turn = url
    const orm = await openOrm(await url, SCHEMAS)
    t.teardown(() => orm.close())
    return orm
  }
}

const LEAF = { tokenId: '0', balance: '0', ay: '0', sign: 0, ethAddr: '0x' } as const
const AT = new Date('2026-01-01T00:00:00Z')

export interface BatchRow {
  readonly num: number
  readonly state?: BatchState
  readonly publicInput?: bigint
  readonly proverInput?: string | null
  readonly accounts?: readonly { readonly idx: string; readonly nonce: string }[]
  readonly createdAt?: Date
}

/** Stores a batch as the pipeline would, with an input that is easy to recognise; answers its key. */
export async function storeBatch(em: Em, row: BatchRow): Promise<string> {
  const accounts = row.accounts?.map(leaf => ({ ...LEAF, ...leaf })) ?? null
  const batch = em.create(Batch, {
    num: row.num,
    epoch: 1,
    state: row.state ?? 'built',
    oldRoot: 0n,
    newRoot: 0n,
    newExitRoot: 0n,
    oldLastIdx: 255n,
    newLastIdx: 255n,
    l1UserTxs: 0,
    l1CoordinatorTxs: 0,
    l2Txs: 0,
    encodedL1CoordinatorTx: '0x',
    l1L2TxsData: '0x',
    feeIdxCoordinator: '0x',
    verifierIdx: 0,
    publicInput: row.publicInput ?? BigInt(1000 + row.num),
    proverInput: row.proverInput === undefined ? `{"batch":${row.num}}` : row.proverInput,
    accounts,
    contents: null,
    startBlock: 1n,
    createdAt: row.createdAt ?? AT,
  })
  await em.flush()
  return String(batch.id)
}

type PoolFields = Partial<
  Pick<
    PoolTx,
    | 'state'
    | 'batchNum'
    | 'maxNumBatch'
    | 'info'
    | 'errorCode'
    | 'errorType'
    | 'externalDelete'
    | 'receivedAt'
    | 'tokenId'
    | 'amount'
    | 'fee'
    | 'rqOffset'
    | 'rq'
    | 'atomicGroupId'
  >
>

/** Stores a transfer of `fromIdx`; answers its id. */
export async function storePoolTx(em: Em, fromIdx: number, nonce: number, fields: PoolFields = {}): Promise<string> {
  const txId = `0x02${fromIdx.toString(16).padStart(32, '0')}${nonce.toString(16).padStart(32, '0')}`
  em.create(PoolTx, {
    txId,
    type: 'Transfer',
    fromIdx: BigInt(fromIdx),
    toIdx: 257n,
    tokenId: 0n,
    amount: 1n,
    fee: 100,
    nonce: BigInt(nonce),
    maxNumBatch: 0n,
    signature: '0x',
    state: 'pend',
    externalDelete: false,
    receivedAt: AT,
    ...fields,
  })
  await em.flush()
  return txId
}
