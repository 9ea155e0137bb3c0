/** `/atomic-pool`: submit transactions that are forged together or not at all, and look such a group up. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { PoolTx } from '../../../entities/forger/pool-tx.ts'
import { admitGroup, type AdmissionDeps } from './admission.ts'
import { AtomicGroupBody, readAtomicGroup } from './atomic-group.ts'
import { SQLNoRows } from './errors.ts'
import { PoolTxRow, shownPoolTx } from './pool-tx-row.ts'

const open = { access: 'open' } as const

export const atomicPool =
  (deps: AdmissionDeps): FastifyPluginAsyncTypebox =>
  async app => {
    app.post(
      '/atomic-pool',
      {
        config: open,
        schema: {
          tags: ['pool'],
          summary: 'Submit signed L2 transactions that are forged together or not at all; answers their ids',
          body: AtomicGroupBody,
          response: { 200: Type.Array(Type.String()) },
        },
      },
      async ({ body, ip }) => {
        const group = readAtomicGroup(body)
        await admitGroup(
          deps,
          group.map(member => ({ ...member, clientIp: ip })),
        )
        return group.map(({ txId }) => txId)
      },
    )

    app.get(
      '/atomic-pool/:id',
      {
        config: open,
        schema: {
          tags: ['pool'],
          summary: 'The transactions of an atomic group and what became of them',
          params: Type.Object({ id: Type.String({ pattern: '^0x[0-9a-fA-F]{64}$' }) }),
          response: { 200: Type.Array(PoolTxRow) },
        },
      },
      async ({ params }) => {
        const atomicGroupId = params.id.toLowerCase()
        const rows = await deps
          .orm()
          .em.fork()
          .find(PoolTx, { atomicGroupId }, { orderBy: { itemId: 'asc' } })
        if (rows.length === 0) throw new SQLNoRows('there is no such group', { id: params.id })
        return Promise.all(rows.map(async row => shownPoolTx(row, await deps.accounts.byIdx(Number(row.fromIdx)))))
      },
    )
  }
