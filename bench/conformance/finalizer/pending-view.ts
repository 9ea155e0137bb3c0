/**
 * The predecessor's warehouse with the logs of a case, read as the finalizer reads it. What its views were wrong about
 * (`required`) must be right; everything else must be as they had it.
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
import { CasesOf, Decimal, difference, Numeric, outcome, shaped, type CaseFile } from './case-files.ts'
import { withDatabases, type CaseDatabase } from './database.ts'

const Event = Type.Object({
  event: Type.String(),
  at: Type.Integer(),
  chain: Numeric,
  height: Decimal,
  deadline: Type.Optional(Decimal),
  blockId: Decimal,
  address: Type.Optional(Type.String({ pattern: '^(0x)?[0-9a-fA-F]{40}$' })),
  successful: Type.Optional(Type.Boolean()),
})
const Case = Type.Object({
  id: Type.String(),
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

export const pendingView = (file: CaseFile): AsyncIterable<CaseOutcome> => {
  const { cases } = shaped(CasesOf(Case), file.data)
  return withDatabases(async function* (fresh) {
    for (const one of cases) {
      yield outcome(one.id, () =>
        fresh(async database => {
          const plan = planOf(one)
          await fill(database, plan, one)
          const rows = await readAll(database, plan)
          const wanted = one.rowsOfOriginalView.map(row => ({
            ...row,
            final: row.finalizationTx !== null || finalByRequirement(one),
          }))
          const found = rows.map((row, at) => {
            // a transaction that the view did not know of is right whichever it is
            const known = wanted[at]?.finalizationTx === null && one.required !== undefined
            return { ...row, txOffset: 0, finalizationTx: known ? null : row.finalizationTx }
          })
          return difference(found, wanted)
        }),
      )
    }
  })
}

const finalByRequirement = ({ required }: Case): boolean => {
  if (required === undefined) return false
  if (/\bfinal\b/.test(required)) return true
  throw new Error(`the requirement "${required}" is not one that can be checked`)
}

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
    await client.query(`insert into ${SCHEMA}.block_log_events values ($1, $2, 0, 0, $3, $4, $5)`, [
      event.blockId,
      Buffer.alloc(32, at + 1), // the position of the event, as the cases name transactions
      Buffer.from(sender, 'hex'),
      topics.map(bytes),
      bytes(data),
    ])
    const successful = event.successful ?? true
    await client.query(`insert into ${SCHEMA}.block_transactions values ($1, 0, $2)`, [event.blockId, successful])
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
    return await orm.em.fork().execute<{ finalizationTx: string | null }[]>(
      `select warehouse_block_id::text as "startBlockId", 0 as "txOffset", origin_chain_id::text as "chainId",
         origin_height::text as "height", deadline::text as "deadline", closed_tx as "finalizationTx",
         closed_tx is not null as "final"
       from finalizer.session where start_tx is not null order by warehouse_block_id`,
    )
  } finally {
    await warehouse.close()
  }
}
