/** The signing accounts: money, how long it lasts, nonces, work in progress, and who sends for them. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { findAccount, listAccounts } from '../../entities/kernel/account-view.ts'
import { NotThereError } from '../errors.ts'
import type { HttpDeps } from '../ports.ts'
import { problems } from '../schemas.ts'
import { AccountRow } from './transaction-rows.ts'

export const accounts =
  (deps: HttpDeps): FastifyPluginAsyncTypebox =>
  async app => {
    const now = (): Date => new Date(deps.clock.now())
    app.get(
      '/v1/accounts',
      {
        schema: {
          tags: ['daemon'],
          summary: 'The signing accounts',
          response: { 200: Type.Object({ accounts: Type.Array(AccountRow) }), ...problems },
        },
      },
      async () => ({ accounts: await listAccounts(deps.orm().em.fork(), now()) }),
    )

    app.get(
      '/v1/accounts/:name',
      {
        schema: {
          tags: ['daemon'],
          summary: 'One signing account',
          params: Type.Object({ name: Type.String({ description: 'Its name in the configuration.' }) }),
          response: { 200: AccountRow, ...problems },
        },
      },
      async ({ params: { name } }) => {
        const found = await findAccount(deps.orm().em.fork(), name, now())
        if (!found) throw new NotThereError('there is no such account', { facts: { name } })
        return found
      },
    )
  }
