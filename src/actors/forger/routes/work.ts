/** What waits and who works: the pool in numbers, and the provers one by one. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { Account } from '../../../entities/forger/batch.ts'
import { HeadView, L1Tx } from '../../../entities/forger/chain-facts.ts'
import { AccountCreationAuth, POOL_STATES, PoolTx } from '../../../entities/forger/pool-tx.ts'
import type { Em, Orm } from '../../../entities/orm.ts'
import { Nullable, time, Time } from './schemas.ts'

const Prover = Type.Object({
  name: Type.String(),
  url: Type.String({ description: 'Without credentials.' }),
  state: Type.String({ description: '`idle`, `busy`, `down`, …' }),
  batch: Nullable(Type.Integer({ description: 'The batch it has.' })),
  since: Nullable(Time),
  proofs: Type.Integer(),
  failures: Type.Integer(),
  lastError: Nullable(Type.String()),
  nextTryAt: Nullable(Time),
  medianProofMs: Nullable(Type.Number()),
})
/** One proof server as it is shown. */
export type ShownProver = Type.Static<typeof Prover>

const Pool = Type.Object({
  pending: Type.Integer(),
  forging: Type.Integer(),
  forged: Type.Integer(),
  invalid: Type.Integer(),
  senders: Type.Integer({ description: 'Accounts with a pending transaction.' }),
  oldestPendingAt: Nullable(Time),
  accountCreationAuthorisations: Type.Integer(),
  l1Waiting: Type.Integer({ description: 'L1 transactions in queues that are not forged yet.' }),
  accounts: Type.Integer({ description: 'Accounts as of the last final batch.' }),
})

export const work =
  (orm: () => Orm, provers: () => Promise<readonly ShownProver[]>): FastifyPluginAsyncTypebox =>
  async app => {
    app.get(
      '/provers',
      {
        schema: {
          tags: ['forger'],
          summary: 'The proof servers and what each is doing',
          response: { 200: Type.Object({ provers: Type.Array(Prover) }) },
        },
      },
      async () => ({ provers: [...(await provers())] }),
    )
    app.get('/pool', { schema: { tags: ['forger'], summary: 'The pool in numbers', response: { 200: Pool } } }, () =>
      readPool(orm().em.fork()),
    )
  }

async function readPool(em: Em): Promise<Type.Static<typeof Pool>> {
  const rows = await em.execute<{ state: string; count: string }[]>(
    'select state, count(*) as count from forger.pool_tx where not external_delete group by state',
  )
  const count = (state: (typeof POOL_STATES)[number]): number =>
    Number(rows.find(row => row.state === state)?.count ?? 0)
  const [oldest] = await em.find(
    PoolTx,
    { state: 'pend', externalDelete: false },
    { orderBy: { itemId: 'asc' }, limit: 1, fields: ['receivedAt'] },
  )
  const [senders] = await em.execute<{ count: string }[]>(
    "select count(distinct from_idx) as count from forger.pool_tx where state = 'pend' and not external_delete",
  )
  const head = await em.findOne(HeadView, { name: 'head' })
  return {
    pending: count('pend'),
    forging: count('fing'),
    forged: count('fged'),
    invalid: count('invl'),
    senders: Number(senders?.count ?? 0),
    oldestPendingAt: time(oldest?.receivedAt),
    accountCreationAuthorisations: await em.count(AccountCreationAuth, {}),
    l1Waiting: await em.count(L1Tx, { queue: { $gte: BigInt(head?.view.nextL1ToForgeQueue ?? 0) } }),
    accounts: await em.count(Account, {}),
  }
}
