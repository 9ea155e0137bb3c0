/**
 * What people do to transactions: bump, cancel, approve, reject. The change and its audit row, which names the token,
 * are one commit; the lane is told afterwards and finds everything in the rows.
 */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import {
  approveIntent,
  cancelIntent,
  lockIntent,
  notPossible,
  type IntentEdit,
} from '../../entities/kernel/intent-changes.ts'
import type { Intent } from '../../entities/kernel/intent.ts'
import { Audit } from '../../entities/kernel/operations.ts'
import { findIntent, findTransaction, type TransactionView } from '../../entities/kernel/transaction-view.ts'
import type { Em } from '../../entities/orm.ts'
import { NotThereError } from '../errors.ts'
import type { HttpDeps } from '../ports.ts'
import { Decimal, Nullable, problems } from '../schemas.ts'
import { IdParams, mutable, oneTransaction } from './transactions.ts'
import { IntentRow } from './transaction-rows.ts'

const Reason = Type.Optional(Type.String({ maxLength: 500, description: 'Shown to everybody who asks why.' }))
const Body = Type.Object({ reason: Reason }, { additionalProperties: false })
const ApproveBody = Type.Object(
  {
    reason: Reason,
    edit: Type.Optional(
      Type.Object(
        {
          value: Type.Optional(Decimal),
          gasLimit: Type.Optional(Nullable(Decimal)),
          maxFeePerGas: Type.Optional(Nullable(Decimal)),
          notAfterBlock: Type.Optional(Nullable(Decimal)),
        },
        { additionalProperties: false, description: 'What is changed before it is sent; null takes a limit away.' },
      ),
    ),
  },
  { additionalProperties: false },
)
const Changed = Type.Object({ transaction: IntentRow })

const VERBS = {
  bump: 'Offer a better price for a transaction in the pool now, if the ceiling allows',
  cancel: 'Take a transaction back: at once, or with a no-op at its nonce',
  approve: 'Let a parked transaction be sent, as it is or edited',
  reject: 'End a parked transaction without sending it',
} as const
type Verb = keyof typeof VERBS

export const transactionControl =
  (deps: HttpDeps): FastifyPluginAsyncTypebox =>
  async app => {
    for (const verb of ['bump', 'cancel', 'approve', 'reject'] as const) {
      app.post(
        `/v1/transactions/:id/${verb}`,
        {
          preValidation: async request => {
            request.body ??= {}
          },
          schema: {
            tags: ['control'],
            summary: VERBS[verb],
            params: IdParams,
            body: verb === 'approve' ? ApproveBody : Body,
            response: { 200: Changed, ...problems },
          },
        },
        async request => {
          const { edit, reason } = request.body as Type.Static<typeof ApproveBody> // the wider of the two schemas
          const wish = { verb, reason: reason?.trim() ? reason.trim() : null, edit: edit ? editOf(edit) : {} }
          const tx = await change(deps, request.params.id, wish, request)
          const ask = verb === 'bump' ? { type: 'bump' as const, intentKey: tx.key } : { type: 'look' as const }
          deps.tellLane(tx.chain, tx.account, ask)
          return { transaction: mutable(tx) }
        },
      )
    }
  }

interface Wanted {
  readonly verb: Verb
  readonly reason: string | null
  readonly edit: IntentEdit
}

async function change(deps: HttpDeps, id: string, wanted: Wanted, request: FastifyRequest): Promise<TransactionView> {
  const now = new Date(deps.clock.now())
  const token = request.caller ?? 'nobody'
  const em = deps.orm().em.fork()
  const known = await findIntent(em, id)
  if (!known) throw new NotThereError('there is no such transaction', { facts: { id } })
  await em.transactional(async inner => {
    const intent = await lockIntent(inner, known.id)
    if (!intent) throw new NotThereError('there is no such transaction', { facts: { id } })
    const before = summary(intent)
    await apply(inner, intent, wanted, token, now)
    const { verb, reason } = wanted
    const subject = `transaction/${intent.id}`
    inner.create(Audit, { at: now, token, origin: request.ip, verb, subject, reason, before, after: summary(intent) })
    await inner.flush()
  })
  return (await findTransaction(deps.orm().em.fork(), String(known.id))) ?? oneTransaction(em, id)
}

/** Throws NotPossibleError when the verb makes no sense now; nothing was changed then. */
async function apply(em: Em, intent: Intent, { verb, reason, edit }: Wanted, token: string, now: Date): Promise<void> {
  const why = reason === null ? '' : `: ${reason}`
  switch (verb) {
    case 'approve':
      return approveIntent(em, intent, `${token}${why}`, edit, now)
    case 'reject':
      if (intent.state !== 'parked')
        throw notPossible(intent, `it is ${intent.state}, not parked; cancel takes it back`)
      await cancelIntent(em, intent.key, `rejected by ${token}${why}`, now)
      return
    case 'cancel':
      if (intent.settledAt) throw notPossible(intent, `it is ${intent.state}: nothing is left to take back`)
      if (intent.state === 'mined') throw notPossible(intent, 'it is mined: only a reorganisation takes it back')
      await cancelIntent(em, intent.key, `cancelled by ${token}${why}`, now)
      return
    case 'bump':
      if (intent.state !== 'sent' && intent.state !== 'cancelling') {
        throw notPossible(intent, `it is ${intent.state}: only what is in the pool has a price to raise`)
      }
  }
}

const editOf = (edit: Readonly<Record<string, string | null>>): IntentEdit =>
  Object.fromEntries(
    Object.entries(edit).map(([field, text]) => [field, text === null ? null : BigInt(text)]),
  ) satisfies IntentEdit

/** What an audit row keeps of a transaction: what a person can change. */
const summary = (intent: Intent): Record<string, string | null> => ({
  state: intent.state,
  parkedFor: intent.parkedFor ?? null,
  because: intent.because ?? null,
  value: intent.value.toString(),
  gasLimit: intent.gasLimit?.toString() ?? null,
  maxFeePerGas: intent.maxFeePerGas?.toString() ?? null,
  notAfterBlock: intent.notAfterBlock?.toString() ?? null,
})
