/**
 * Which of several accounts a wish goes to: the next in turn among those whose balance, less what is in flight, pays
 * for it at today's price. An account that nobody has looked at yet counts as able to.
 */
import { sql } from 'kysely'
import type { Em } from '../../../entities/orm.ts'
import type { Wish } from '../wish.ts'
import { rows } from './rows.ts'

const GAS_WHEN_UNKNOWN = 100_000n

/** The account's name; of several, one for this wish. When none can pay it is the next in turn all the same: it waits. */
export async function chooseAccount(em: Em, { account, chain, value, gasLimit }: Wish): Promise<string> {
  if (typeof account === 'string') return account
  const gas = gasLimit ?? GAS_WHEN_UNKNOWN
  const known = await rows<{ name: string; able: boolean; turn: string }>(
    em,
    sql`with t as materialized (select nextval('kernel.account_turn') as turn)
      select a.name, t.turn::text, coalesce(a.balance_wei - coalesce((select sum(i.reserved_wei) from kernel.intent i
          where i.chain = a.chain and i.account = a.name and i.settled_at is null and i.state <> 'mined'), 0)
        >= ${value.toString()}::numeric + ${gas.toString()}::numeric * coalesce(a.gas_price_wei, 0), true) as able
      from kernel.account a cross join t
      where a.chain = ${chain} and a.name = any(${[...account]}::text[]) order by a.name`,
  )
  const able = known.filter(one => one.able)
  const among = able.length > 0 ? able : known
  const turn = BigInt(known[0]?.turn ?? 0)
  return (among.length > 0 ? among[Number(turn % BigInt(among.length))]?.name : account[0]) ?? ''
}
