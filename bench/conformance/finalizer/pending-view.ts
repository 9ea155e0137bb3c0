/**
 * The predecessor's warehouse with the logs of a case, read as the finalizer reads it.
 *
 * What the sessions must be is worked out from the events alone: each start above the floors is a session, each closing of
 * any name closes its own. Where the case says that the predecessor's view was right (no `required`), its rows must be the
 * same; a session that it shows once for each closing is one.
 */
import { encodeAbiParameters, encodeEventTopics, type AbiEvent, type Hex } from 'viem'
import { Type, type Static } from 'typebox'
import { eventsAbi } from '../../../src/actors/finalizer/contracts.ts'
import { storeFacts } from '../../../src/actors/finalizer/facts.ts'
import type { FamilyPlan } from '../../../src/actors/finalizer/families.ts'
import { NETWORKS } from '../../../src/actors/finalizer/networks.ts'
import { openWarehouse } from '../../../src/actors/finalizer/warehouse-db.ts'
import { readLogRows } from '../../../src/actors/finalizer/warehouse-rows.ts'
import type { CaseOutcome } from '../index.ts'
import { Decimal, difference, eachCase, Numeric, type CaseFile } from './case-files.ts'
import { withDatabases, type CaseDatabase } from './database.ts'

const Event = Type.Object({
  event: Type.String(),
  txOffset: Type.Optional(Type.Integer({ minimum: 0 })),
  chain: Numeric,
  height: Decimal,
  deadline: Type.Optional(Decimal),
  blockId: Decimal,
  address: Type.Optional(Type.String({ pattern: '^(0x)?[0-9a-fA-F]{40}$' })),
  successful: Type.Optional(Type.Boolean()),
})
const Case = Type.Object({
  network: Type.String(),
  family: Type.Union([Type.Literal('specimen'), Type.Literal('result')]),
  blockIdFloor: Decimal,
  heightFloorExclusive: Numeric,
  events: Type.Array(Event),
  rowsOfOriginalView: Type.Array(
    Type.Object({
      startBlockId: Decimal,
      txOffset: Type.Integer(),
      chainId: Decimal,
      height: Decimal,
      deadline: Decimal,
      finalizationTx: Type.Union([Type.String(), Type.Null()]),
    }),
  ),
  required: Type.Optional(Type.String()),
})
type Case = Static<typeof Case>

const SCHEMA = 'chain_of_the_case'

export const pendingView = (file: CaseFile): AsyncIterable<CaseOutcome> =>
  withDatabases(fresh =>
    eachCase(file, Case, one =>
      fresh(async database => {
        const plan = planOf(one)
        await fill(database, plan, one)
        const found = await readAll(database, plan)
        const wanted = [...sessionsOf(one, plan).values()].toSorted(byStart)
        return (
          difference(found.map(withoutEnd), wanted.map(withoutEnd)) ??
          endDifference(found, wanted) ??
          (one.required === undefined ? viewDifference(found, one) : requirementDifference(found, one.required))
        )
      }),
    ),
  )

/** A session as the finalizer knows it; what closed it is one of `ends`, or nothing. */
interface Shown {
  readonly startBlockId: string
  readonly chainId: string
  readonly height: string
  readonly deadline: string
  readonly finalizationTx: string | null
}
type Wanted = Omit<Shown, 'finalizationTx'> & { readonly ends: readonly string[] }

const keyOf = ({ chainId, height }: Pick<Shown, 'chainId' | 'height'>): string => `${chainId} ${height}`
const byStart = (a: Wanted, b: Wanted): number => (BigInt(a.startBlockId) < BigInt(b.startBlockId) ? -1 : 1)
const withoutEnd = ({ startBlockId, chainId, height, deadline }: Omit<Shown, 'finalizationTx'>) => ({
  startBlockId,
  chainId,
  height,
  deadline,
})

function sessionsOf({ events, blockIdFloor, heightFloorExclusive }: Case, plan: FamilyPlan): Map<string, Wanted> {
  const sessions = new Map<string, Wanted>()
  const counted = events
    .map((event, at) => ({ ...event, at, key: `${event.chain} ${event.height}` }))
    .filter(({ address, successful, blockId }) => {
      const ours = address === undefined || address.toLowerCase().endsWith(plan.contract.slice(2))
      return ours && successful !== false && BigInt(blockId) >= BigInt(blockIdFloor)
    })
    .toSorted((a, b) => (BigInt(a.blockId) < BigInt(b.blockId) ? -1 : 1))
  for (const { event, chain, height, deadline = '0', blockId, key } of counted) {
    if (!event.endsWith('SessionStarted') || BigInt(height) <= BigInt(heightFloorExclusive)) continue
    sessions.set(key, { startBlockId: blockId, chainId: String(chain), height, deadline, ends: [] })
  }
  for (const { event, key, at } of counted) {
    const session = sessions.get(key)
    if (session === undefined || event.endsWith('SessionStarted')) continue
    sessions.set(key, { ...session, ends: [...session.ends, hashOf(at)] })
  }
  return sessions
}

function endDifference(found: readonly Shown[], wanted: readonly Wanted[]): string | null {
  for (const [at, { ends, ...session }] of wanted.entries()) {
    const end = found[at]?.finalizationTx ?? null
    if (ends.length === 0 ? end !== null : end === null || !ends.includes(end))
      return `${keyOf(session)} is closed by ${end}, expected ${ends.join(' or ') || null}`
  }
  return null
}

/** Of the rows that the view has of one session any end will do: it has a row for each. */
function viewDifference(found: readonly Shown[], { rowsOfOriginalView }: Case): string | null {
  const rows = new Map<string, Wanted>()
  for (const { finalizationTx, txOffset: _ours, ...row } of rowsOfOriginalView) {
    const ends = [...(rows.get(keyOf(row))?.ends ?? []), ...(finalizationTx === null ? [] : [finalizationTx])]
    rows.set(keyOf(row), { ...row, ends })
  }
  const wanted = [...rows.values()]
  return difference(found.map(withoutEnd), wanted.map(withoutEnd), 'view') ?? endDifference(found, wanted)
}

/** What the words of the case say on top; they can only be about being final or open. */
function requirementDifference(found: readonly Shown[], required: string): string | null {
  if (/\b(is|are) final\b/.test(required) && found.some(({ finalizationTx }) => finalizationTx === null))
    return `required: ${required}; found one that is open`
  return /\b(open|visible)\b/.test(required) && found.length === 0 ? `required: ${required}; found none` : null
}

/** The position of the event, from 1, in every byte: so the cases name transactions. */
const hashOf = (at: number): string => `0x${Buffer.alloc(32, at + 1).toString('hex')}`

function planOf({ network, family, blockIdFloor, heightFloorExclusive }: Case): FamilyPlan {
  const known = NETWORKS.find(({ name, schema }) => name.includes(network) || schema.includes(network))
  if (known === undefined) throw new Error(`the network ${network} is not known`)
  return {
    family,
    contract: known.contracts[family].address,
    from: 0n,
    heightFloor: BigInt(heightFloorExclusive),
    blockIdFloor: BigInt(blockIdFloor),
    views: known.contracts[family].views,
  }
}

async function fill({ client }: CaseDatabase, plan: FamilyPlan, { events }: Case): Promise<void> {
  await client.query(`create schema ${SCHEMA}`)
  await client.query(`create table ${SCHEMA}.block_log_events (block_id bigint, tx_hash bytea, tx_offset int, log_offset int,
    sender bytea, topics bytea[], data bytea)`)
  await client.query(`create table ${SCHEMA}.block_transactions (block_id bigint, tx_offset int, successful boolean)`)
  for (const [at, event] of events.entries()) {
    const { topics, data } = encoded(event)
    const sender = (event.address ?? plan.contract).replace(/^0x/, '')
    const { blockId, txOffset = 0, successful = true } = event
    await client.query(`insert into ${SCHEMA}.block_log_events values ($1, $2, $3, 0, $4, $5, $6)`, [
      blockId,
      Buffer.from(hashOf(at).slice(2), 'hex'),
      txOffset,
      Buffer.from(sender, 'hex'),
      topics.map(bytes),
      bytes(data),
    ])
    await client.query(`insert into ${SCHEMA}.block_transactions values ($1, $2, $3)`, [blockId, txOffset, successful])
  }
}

const bytes = (hex: Hex): Buffer => Buffer.from(hex.slice(2), 'hex')
const HASH: Hex = `0x${'ab'.repeat(32)}`

/** A log as the contract would have emitted it; hashes are any. */
function encoded({ event, chain, height, deadline }: Static<typeof Event>): { topics: Hex[]; data: Hex } {
  const abi = eventsAbi.find(({ name }) => name === event) as AbiEvent | undefined
  if (abi === undefined) throw new Error(`the event ${event} is not known`)
  const value = (name = '', type = ''): unknown =>
    ({ chainId: BigInt(chain), blockHeight: BigInt(height), deadline: BigInt(deadline ?? 0) })[name] ??
    (type === 'bytes32' ? HASH : 0n)
  const indexed = abi.inputs.filter(input => input.indexed === true)
  const plain = abi.inputs.filter(input => input.indexed !== true)
  const args = Object.fromEntries(indexed.map(({ name, type }) => [name ?? '', value(name, type)]))
  return {
    topics: encodeEventTopics({ abi: [abi], eventName: event, args }) as Hex[], // every indexed argument is given
    data: encodeAbiParameters(
      plain,
      plain.map(({ name, type }) => value(name, type)),
    ),
  }
}

async function readAll({ orm, host, port, user, name }: CaseDatabase, plan: FamilyPlan) {
  const options = { host, port, user, password: undefined, database: name, schema: SCHEMA, read: 'auto' } as const
  const warehouse = await openWarehouse(options)
  try {
    const page = await warehouse.read(plan, -1n, 1_000)
    if (page.from !== 'logs') throw new Error('the logs were not found')
    const { facts, unreadable } = readLogRows(plan, page.rows)
    if (unreadable[0]) throw new Error(`${unreadable[0].row}: ${unreadable[0].because}`)
    await orm.em.fork().transactional(em => storeFacts(em, 'observer', facts, new Date(0)))
    return await orm.em.fork().execute<Shown[]>(
      `select warehouse_block_id::text as "startBlockId", origin_chain_id::text as "chainId",
         origin_height::text as "height", deadline::text as "deadline", closed_tx as "finalizationTx"
       from finalizer.session where start_tx is not null order by warehouse_block_id`,
    )
  } finally {
    await warehouse.close()
  }
}
