/** Databases with the kernel's and the finalizer's tables, and what a test wants to see of sessions. */
import type { ExecutionContext, TestFn } from 'ava'
import { encodeAbiParameters, encodeEventTopics, type AbiEvent, type Address, type Hex } from 'viem'
import type { RawLog } from '../../src/actors/chain/source.ts'
import { eventsAbi } from '../../src/actors/finalizer/contracts.ts'
import { finalizerSchema } from '../../src/entities/finalizer/index.ts'
import { Session, type Family } from '../../src/entities/finalizer/session.ts'
import { kernelSchema } from '../../src/entities/kernel/index.ts'
import { migrate, openOrm, type Orm } from '../../src/entities/orm.ts'
import { useDatabases, type TestDatabases } from './postgres.ts'

const SCHEMAS = [kernelSchema, finalizerSchema]

export interface FinalizerDatabases {
  /** A new one with all tables, closed after the test. */
  open(t: ExecutionContext): Promise<Orm>
  readonly plain: TestDatabases
}

/** `const databases = useFinalizerDatabase(test)` at the top of a file. */
export function useFinalizerDatabase(test: TestFn): FinalizerDatabases {
  const plain = useDatabases(test)
  let prepared: Promise<void> | undefined
  const prepare = async (url: string): Promise<void> => {
    const orm = await openOrm(url, SCHEMAS)
    await migrate(orm, url, SCHEMAS)
    await orm.close()
  }
  let turn: Promise<unknown> = Promise.resolve()
  return {
    plain,
    open: async t => {
      await (prepared ??= plain.template('finalizer', prepare))
      const url = turn.then(() => plain.create('finalizer'))
      turn = url
      const orm = await openOrm(await url, SCHEMAS)
      t.teardown(() => orm.close())
      return orm
    },
  }
}

/** All sessions, oldest first. */
export const sessionsIn = (orm: Orm): Promise<Session[]> => orm.em.fork().find(Session, {}, { orderBy: { id: 'asc' } })

/** `family chain:height state` of all sessions. */
export const statesIn = async (orm: Orm): Promise<string[]> =>
  (await sessionsIn(orm)).map(one => `${one.family} ${one.originChainId}:${one.originHeight} ${one.state}`)

export const CONTRACTS: Readonly<Record<Family, Address>> = {
  specimen: '0x4F2E285227D43D9eB52799D0A28299540452446E',
  result: '0x254E3FA072324fa202577F24147066359947bC23',
}

export interface LogOf {
  readonly event: string
  readonly height: bigint
  readonly chainId?: bigint
  readonly deadline?: bigint
  readonly block?: bigint
  readonly index?: number
  readonly address?: Address
}

const HASH: Hex = `0x${'ab'.repeat(32)}`

/** A log as the contract of a family would emit it; hashes are any. */
export function logOf(
  family: Family,
  { event, height, chainId = 1n, deadline = 0n, block = 1n, index = 0, address }: LogOf,
): RawLog {
  const abi = eventsAbi.find(({ name }) => name === event) as AbiEvent | undefined
  if (abi === undefined) throw new Error(`there is no event ${event}`)
  const value = (name = '', type = ''): unknown =>
    ({ chainId, blockHeight: height, deadline, storageURL: 'ipfs://somewhere' })[name] ??
    (type === 'bytes32' ? HASH : 1n)
  const plain = abi.inputs.filter(input => input.indexed !== true)
  const indexed = abi.inputs.filter(input => input.indexed === true)
  const args = Object.fromEntries(indexed.map(({ name, type }) => [name ?? '', value(name, type)]))
  return {
    address: address ?? CONTRACTS[family],
    topics: encodeEventTopics({ abi: [abi], eventName: event, args }) as Hex[], // every indexed argument is given
    data: encodeAbiParameters(
      plain,
      plain.map(({ name, type }) => value(name, type)),
    ),
    blockNumber: block,
    blockHash: `0x${block.toString(16).padStart(64, '0')}`,
    transactionHash: `0x${(block * 1000n + BigInt(index)).toString(16).padStart(64, '0')}`,
    logIndex: index,
  }
}
