/**
 * The predecessor's warehouse as far as the finalizer reads it: two tables of an indexer and the views that were made over
 * them, in a database of a test. Everything may be put in, as an indexer that lags or stumbles would: rows without their
 * transaction, nulls, bytes that mean nothing.
 */
import { Client } from 'pg'
import { numberToHex, padHex, toEventSelector, type Hex } from 'viem'

export const EVENTS = {
  SessionStarted: 'SessionStarted(uint64,uint64,uint64)',
  BSPSessionStarted: 'BSPSessionStarted(uint64,uint64,uint64)',
  QuorumNotReached: 'QuorumNotReached(uint64,uint64)',
  BSPQuorumNotReached: 'BSPQuorumNotReached(uint64,uint64)',
  BRPQuorumNotReached: 'BRPQuorumNotReached(uint64,uint64)',
  BlockSpecimenRewardAwarded: 'BlockSpecimenRewardAwarded(uint64,uint64,bytes32,bytes32)',
  BlockResultRewardAwarded: 'BlockResultRewardAwarded(uint64,uint64,bytes32,bytes32)',
} as const
export type EventName = keyof typeof EVENTS

/** A row of block_log_events; what is left out is made up, what is null stays null. */
export interface LogRow {
  readonly blockId: bigint
  readonly txOffset?: number
  readonly logOffset?: number | null
  readonly txHash?: Hex | null
  readonly sender: Hex
  readonly topics: readonly (Hex | null)[] | null
  readonly data: Hex | null
}

export interface Happened {
  readonly blockId: bigint
  readonly contract: Hex
  readonly event: EventName
  readonly chainId: bigint
  readonly height: bigint
  readonly deadline?: bigint
  readonly txOffset?: number
  readonly logOffset?: number
  readonly txHash?: Hex
}

export interface ViewTerms {
  readonly contract: Hex
  readonly started: EventName
  readonly rewarded: EventName
  readonly noQuorum: EventName
  readonly blockIdFloor: bigint
  readonly heightFloor: bigint
}

export interface TestWarehouse {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly database: string
  readonly schema: string
  /** An event of a contract, in a transaction that went through unless told otherwise. */
  happened(one: Happened, successful?: boolean | null): Promise<void>
  log(row: LogRow): Promise<void>
  /** The transaction a log belongs to; without it the log is in a gap. */
  transaction(blockId: bigint, txOffset: number, successful: boolean | null): Promise<void>
  /** A view of sessions as the predecessor read it, seven columns. */
  view(name: string, terms: ViewTerms): Promise<void>
  /** Anything else a test wants to ask or to spoil. */
  query<T extends object>(text: string, values?: readonly unknown[]): Promise<T[]>
  end(): Promise<void>
}

const ZERO_HASH: Hex = `0x${'00'.repeat(32)}`

/** Makes the tables in the database at `url`. */
export async function openWarehouse(url: string, schema = 'chain_moonbeam_mainnet'): Promise<TestWarehouse> {
  const client = new Client(url)
  await client.connect()
  await client.query(tables(schema))
  const log = async ({ blockId, txOffset = 0, logOffset = 0, txHash, sender, topics, data }: LogRow): Promise<void> => {
    const made = txHash === undefined ? numberToHex(blockId * 100n + BigInt(txOffset), { size: 32 }) : txHash
    await client.query(
      `insert into "${schema}".block_log_events (block_id, tx_hash, tx_offset, log_offset, sender, topics, data)
       values ($1, $2, $3, $4, $5, $6::text[]::bytea[], $7)`,
      [blockId, bytes(made), txOffset, logOffset, bytes(sender), topics?.map(escaped) ?? null, bytes(data)],
    )
  }
  const transaction = async (blockId: bigint, txOffset: number, successful: boolean | null): Promise<void> => {
    await client.query(
      `insert into "${schema}".block_transactions (block_id, tx_offset, successful) values ($1, $2, $3)
       on conflict (block_id, tx_offset) do update set successful = excluded.successful`,
      [blockId, txOffset, successful],
    )
  }
  return {
    host: client.host,
    port: client.port,
    user: client.user ?? '',
    database: client.database ?? '',
    schema,
    log,
    transaction,
    happened: async (one, successful = true) => {
      const { blockId, txOffset = 0, logOffset = 0, txHash, contract } = one
      await log({ blockId, txOffset, logOffset, ...(txHash && { txHash }), sender: contract, ...encoded(one) })
      await transaction(blockId, txOffset, successful)
    },
    view: async (name, terms) => {
      await client.query(viewOf(schema, name, terms))
    },
    query: async (text, values = []) => (await client.query(text, [...values])).rows as never, // the caller says what it asked for
    end: () => client.end(),
  }
}

function encoded({ event, chainId, height, deadline = 0n }: Happened): Pick<LogRow, 'topics' | 'data'> {
  const signature = toEventSelector(EVENTS[event])
  const [chain, at, until] = [chainId, height, deadline].map(value => padHex(numberToHex(value), { size: 32 }))
  if (event.endsWith('SessionStarted')) return { topics: [signature, chain ?? null, at ?? null], data: until ?? null }
  // the height is not indexed there
  if (event.endsWith('QuorumNotReached')) return { topics: [signature, chain ?? null], data: at ?? null }
  return { topics: [signature, chain ?? null, at ?? null, ZERO_HASH], data: ZERO_HASH }
}

const bytes = (hex: Hex | null): Buffer | null => (hex === null ? null : Buffer.from(hex.slice(2), 'hex'))
const escaped = (hex: Hex | null): string | null => (hex === null ? null : `\\x${hex.slice(2)}`)

/** The helpers of the private database: a word of the data, and bytes as a big-endian number. */
const tables = (schema: string): string => `
  create schema if not exists "${schema}";
  create table "${schema}".block_log_events (
    block_id bigint, tx_hash bytea, tx_offset int, log_offset int, sender bytea, topics bytea[], data bytea
  );
  create table "${schema}".block_transactions (
    block_id bigint, tx_offset int, successful boolean, primary key (block_id, tx_offset)
  );
  create index on "${schema}".block_log_events (block_id);
  create or replace function abi_field(data bytea, n int) returns bytea language sql immutable
    as $$ select substring(data from 32 * n + 1 for 32) $$;
  create or replace function big_endian(data bytea) returns numeric language sql immutable as $$
    select coalesce(sum(get_byte(data, at) * trunc(power(256::numeric, length(data) - 1 - at))), 0)
    from generate_series(0, length(data) - 1) as at
  $$;
`

/** Started sessions, each with what closed it. Two closings give two rows. */
const viewOf = (schema: string, name: string, terms: ViewTerms): string => {
  const topic = (event: EventName): string => `'\\x${toEventSelector(EVENTS[event]).slice(2)}'::bytea`
  const sender = `'\\x${terms.contract.slice(2)}'::bytea`
  const logs = `select l.* from "${schema}".block_log_events l
      join "${schema}".block_transactions t on t.block_id = l.block_id and t.tx_offset = l.tx_offset
      where l.sender = ${sender} and t.successful and l.block_id >= ${terms.blockIdFloor}`
  return `create view "${schema}"."${name}" as
    with logs as (${logs}),
    started as (
      select tx_hash, block_id, tx_offset, big_endian(topics[2]) as chain_id, big_endian(topics[3]) as height,
        big_endian(abi_field(data, 0)) as deadline
      from logs where topics @> array[${topic(terms.started)}]
    ),
    finalized as (
      select tx_hash, big_endian(topics[2]) as chain_id, big_endian(topics[3]) as height
      from logs where topics @> array[${topic(terms.rewarded)}]
      union all
      select tx_hash, big_endian(topics[2]), big_endian(abi_field(data, 0))
      from logs where topics @> array[${topic(terms.noQuorum)}]
    )
    select s.tx_hash as observer_chain_session_start_tx_hash, s.block_id as observer_chain_session_start_block_id,
      s.tx_offset as observer_chain_session_start_tx_offset, s.chain_id as origin_chain_id,
      s.height as origin_chain_block_height, s.deadline as proof_session_deadline,
      f.tx_hash as observer_chain_finalization_tx_hash
    from started s left join finalized f using (chain_id, height)
    where s.height > ${terms.heightFloor}
    order by s.block_id, s.tx_offset`
}
