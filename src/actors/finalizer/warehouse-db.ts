/**
 * The predecessor's warehouse through a connection of its own that can only read. What it tells comes as rows with
 * everything possibly missing: warehouse-rows.ts decides what they are worth.
 */
import { defineConfig, MikroORM } from '@mikro-orm/postgresql'
import { messageOf } from '../../errors.ts'
import { isOutage } from '../../entities/outage.ts'
import type { Em } from '../../entities/orm.ts'
import { eventTopics } from './contracts.ts'
import { WarehouseDownError, WarehouseSchemaError } from './errors.ts'
import type { FamilyPlan } from './families.ts'
import type { LogRow, ViewRow } from './warehouse-rows.ts'

export interface WarehouseOptions {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string | undefined
  readonly database: string
  readonly schema: string
  readonly read: 'auto' | 'logs' | 'views'
}

export type Page =
  | { readonly from: 'logs'; readonly rows: readonly LogRow[] }
  | { readonly from: 'views'; readonly rows: readonly ViewRow[] }

export interface Warehouse {
  /**
   * Rows of the family after this block id, oldest first: at least `limit` of them if there are so many, and never a part
   * of one block id. Throws WarehouseDownError, or WarehouseSchemaError when there is nothing of the kind.
   */
  read(plan: FamilyPlan, after: bigint, limit: number): Promise<Page>
  close(): Promise<void>
}

const STATEMENT_TIMEOUT_MS = 30_000
const CONNECT_TIMEOUT_MS = 5_000

/** Opens no connection yet. */
export async function openWarehouse(options: WarehouseOptions): Promise<Warehouse> {
  const { host, port, user, password, database, schema } = options
  const orm = await MikroORM.init(
    defineConfig({
      host,
      port,
      user,
      ...(password !== undefined && { password }),
      dbName: database,
      entities: [],
      discovery: { warnWhenNoEntities: false },
      pool: { min: 0, max: 2 },
      driverOptions: {
        options: `-c default_transaction_read_only=on -c statement_timeout=${STATEMENT_TIMEOUT_MS}`,
        connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      },
      debug: false,
    }),
  )
  const ask = async <T>(work: (em: Em) => Promise<T>): Promise<T> => {
    try {
      return await work(orm.em.fork())
    } catch (cause) {
      throw wrong(cause, `${host}:${port}/${database}`)
    }
  }
  return {
    read: (plan, after, limit) =>
      ask(async em => {
        const found = await whatIsThere(em, schema, plan.views)
        const from = options.read === 'auto' ? (found.logs ? 'logs' : 'views') : options.read
        if (from === 'logs' && found.logs) return { from, rows: await readLogRows(em, schema, plan, after, limit) }
        if (from === 'views' && found.view !== null) {
          return { from, rows: await readViewRows(em, schema, found.view, plan, after, limit) }
        }
        throw new WarehouseSchemaError(
          `the warehouse has neither ${schema}.block_log_events and block_transactions nor ${plan.views.join(' or ')}`,
          { facts: { schema, family: plan.family, read: options.read } },
        )
      }),
    close: () => orm.close(true),
  }
}

function wrong(cause: unknown, where: string): unknown {
  if (cause instanceof WarehouseSchemaError) return cause
  const because = messageOf(cause)
  if (isOutage(cause) || /password|authentication|no pg_hba|database .* does not exist|timeout/i.test(because)) {
    return new WarehouseDownError(`the warehouse at ${where} does not answer: ${because}`, { cause })
  }
  return new WarehouseSchemaError(`the warehouse at ${where} cannot be read: ${because}`, { cause })
}

async function whatIsThere(
  em: Em,
  schema: string,
  views: readonly string[],
): Promise<{ logs: boolean; view: string | null }> {
  const rows: { name: string }[] = await em.execute(
    `select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = ? and c.relkind in ('r', 'v', 'm', 'p', 'f') and has_table_privilege(c.oid, 'select')`,
    [schema],
  )
  const names = new Set(rows.map(({ name }) => name))
  return {
    logs: names.has('block_log_events') && names.has('block_transactions'),
    view: views.find(view => names.has(view)) ?? null,
  }
}

/** Every name the contract's events have had (the predecessor's views each know only some). */
function readLogRows(em: Em, schema: string, plan: FamilyPlan, after: bigint, limit: number): Promise<LogRow[]> {
  const topics = eventTopics.map(topic => `'\\x${topic.slice(2)}'::bytea`).join(', ')
  return em.execute(
    `select l.block_id::text as block_id, l.tx_offset, l.log_offset, encode(l.tx_hash, 'hex') as tx,
        encode(l.data, 'hex') as data, t.block_id is null as orphan, t.successful,
        (select array_agg(encode(topic, 'hex') order by at) from unnest(l.topics) with ordinality as u(topic, at)) as topics
      from "${schema}".block_log_events l
      left join "${schema}".block_transactions t on t.block_id = l.block_id and t.tx_offset = l.tx_offset
      where l.sender = decode(?, 'hex') and l.block_id > ?::bigint and l.block_id >= ?::bigint
        and (l.topics is null or l.topics[1] is null or l.topics[1] in (${topics}))
      order by l.block_id fetch first (?) rows with ties`,
    [plan.contract.slice(2).toLowerCase(), String(after), String(plan.blockIdFloor), limit],
  )
}

/** By position, as the predecessor did: the names of the columns differ between the views. */
function readViewRows(
  em: Em,
  schema: string,
  view: string,
  plan: FamilyPlan,
  after: bigint,
  limit: number,
): Promise<ViewRow[]> {
  return em.execute(
    `select encode(start_tx, 'hex') as start_tx, block_id::text as block_id, tx_offset, chain_id::text as chain_id,
        height::text as height, deadline::text as deadline, encode(final_tx, 'hex') as final_tx
      from "${schema}"."${view}" as v(start_tx, block_id, tx_offset, chain_id, height, deadline, final_tx)
      where block_id > ?::bigint and block_id >= ?::bigint
      order by block_id fetch first (?) rows with ties`,
    [String(after), String(plan.blockIdFloor), limit],
  )
}
