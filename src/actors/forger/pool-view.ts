/**
 * The pending transactions a batch is selected from, with the authorisations their receivers may need.
 *
 * A large pool is looked at through a window. What goes into it is ranked as selection would walk it: passes over the pool,
 * best fee first. A nonce that is not reached yet, or more than the sender has, ranks last, so that unforgeable
 * transactions never hide others. Ranking uses the folded accounts and is only an order: selection decides.
 */
import { sql } from 'kysely'
import { AccountCreationAuth } from '../../entities/forger/pool-tx.ts'
import type { LinkedFields } from '../../entities/forger/pool-tx.ts'
import type { Em } from '../../entities/orm.ts'
import { expandKey } from './rollup/bjj.ts'
import { FEE_FACTORS } from './rollup/fee-factors.ts'
import { feeOf, FIRST_WHOLE_SELECTOR } from './rollup/fees.ts'
import { linkTo, NO_LINK, type Link } from './rollup/links.ts'
import type { AccountAuthorisation, PoolTx as Candidate } from './rollup/selection-types.ts'
import { ZERO_ETH_ADDR, type Hex } from './rollup/types.ts'
import { worthOf, type TokenValues } from './token-values.ts'

export interface PoolView {
  /** In order of arrival. */
  readonly txs: readonly Candidate[]
  readonly authorisations: ReadonlyMap<Hex, AccountAuthorisation>
  /** Whether nothing was left outside the window. */
  readonly isWhole: boolean
}

/** The `limit` most promising pending transactions; an atomic group is never cut. */
export async function loadPool(em: Em, limit: number, values: TokenValues): Promise<PoolView> {
  const { rows } = await ranked(limit, values).execute(em.getKysely())
  const receivers = [...new Set(rows.flatMap(row => (row.to_idx === '0' && row.to_eth_addr ? [row.to_eth_addr] : [])))]
  const known = receivers.length === 0 ? [] : await em.find(AccountCreationAuth, { ethAddr: { $in: receivers } })
  return {
    txs: rows.map(row => candidateOf(row, values)),
    authorisations: new Map(
      known.map(({ ethAddr, bjj, signature }) => [
        ethAddr as Hex, // every one of these was checked as hex when it was taken in
        { ethAddr: ethAddr as Hex, bjj: bjj as Hex, signature: signature as Hex },
      ]),
    ),
    isWhole: rows.length >= Number(rows[0]?.pending ?? 0),
  }
}

interface Row {
  readonly tx_id: string
  readonly from_idx: string
  readonly to_idx: string
  readonly to_eth_addr: string | null
  readonly to_bjj: string | null
  readonly token_id: string
  readonly amount: string
  readonly fee: number
  readonly nonce: string
  readonly max_num_batch: string
  readonly signature: string
  readonly rq_offset: number | null
  readonly rq: LinkedFields | null
  readonly atomic_group_id: string | null
  /** Of the whole pool. */
  readonly pending: string
}

/** Fee factors as fractions of the amount: exact enough for an order. */
const FACTORS = FEE_FACTORS.map((factor, selector) => Number(factor) / (selector < FIRST_WHOLE_SELECTOR ? 2 ** 60 : 1))

/** The fee of a row in dollars, or in whatever fees are compared in. */
const valueOf = ({ byToken, other }: TokenValues) => sql`amount::float8 * (${FACTORS}::float8[])[fee + 1] * coalesce(
  (${[...byToken.values()]}::float8[])[array_position(${[...byToken.keys()].map(String)}::bigint[], token_id)], ${other})`

const PENDING = sql`from forger.pool_tx where state = 'pend' and not external_delete`

const ranked = (limit: number, values: TokenValues) => sql<Row>`
  with groups as (
    select atomic_group_id, avg(${valueOf(values)}) as value ${PENDING} and atomic_group_id is not null group by 1
  ), valued as (
    select item_id, from_idx, nonce, p.atomic_group_id, coalesce(g.value, p.value) as value, cost
    from (select *, ${valueOf(values)} as value, amount::float8 * (1 + (${FACTORS}::float8[])[fee + 1]) as cost ${PENDING}) p
    left join groups g using (atomic_group_id)
  ), chains as (
    select *, dense_rank() over chain - 1 as step, first_value(nonce) over chain as first,
      sum(cost) over chain as total, value > lag(value) over chain as better
    from valued window chain as (partition by from_idx order by nonce)
  ), passes as (
    select *, count(*) filter (where better) over (partition by from_idx order by nonce) as pass from chains
  ), under_way as (
    select from_idx, max(nonce) + 1 as next from forger.pool_tx
    where state in ('fing', 'fged') and batch_num > coalesce((select batch_num from forger.folded_state where name = 'base'), 0)
    group by 1
  ), picked as (
    select item_id, atomic_group_id
    from passes p left join forger.account a on a.idx = p.from_idx left join under_way u using (from_idx)
    order by (p.nonce = first + step and first <= greatest(a.nonce, u.next, 0) and total <= coalesce(a.balance, 0)) desc,
      pass, value desc, from_idx, p.nonce, item_id
    limit ${limit}
  )
  select tx_id, from_idx, to_idx, to_eth_addr, to_bjj, token_id, amount, fee, nonce, max_num_batch, signature, rq_offset,
    rq, atomic_group_id, (select count(*) ${PENDING}) as pending
  ${PENDING}
    and (item_id in (select item_id from picked) or atomic_group_id in (select atomic_group_id from picked))
  order by item_id`

const candidateOf = (row: Row, values: TokenValues): Candidate => ({
  txId: row.tx_id as Hex, // the pool stores only checked hex
  ...signedFields({
    fromIdx: Number(row.from_idx),
    toIdx: Number(row.to_idx),
    toEthAddr: row.to_eth_addr,
    toBjj: row.to_bjj,
    tokenId: Number(row.token_id),
    amount: row.amount,
    fee: row.fee,
    nonce: Number(row.nonce),
  }),
  maxNumBatch: Number(row.max_num_batch),
  ...linkOf(row),
  atomicGroup: row.atomic_group_id,
  signature: row.signature as Hex,
  feeValue: worthOf(values, BigInt(row.token_id), feeOf(BigInt(row.amount), row.fee) ?? 0n),
})

/** What the pool keeps of a transaction in the form the engine takes. */
export function signedFields({ toEthAddr, toBjj, amount, fee, ...rest }: LinkedFields) {
  const receiver = toBjj === null ? { ay: 0n, sign: 0 as const } : expandKey(toBjj as Hex) // stored from checked hex
  return {
    ...rest,
    amount: BigInt(amount),
    userFee: fee,
    toEthAddr: (toEthAddr as Hex | null) ?? ZERO_ETH_ADDR,
    toBjjAy: receiver.ay,
    toBjjSign: receiver.sign,
  }
}

const linkOf = ({ rq_offset: rqOffset, rq }: Row): Link =>
  rqOffset === null || rq === null ? NO_LINK : linkTo(rqOffset, signedFields(rq))
