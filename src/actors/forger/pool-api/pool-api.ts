/**
 * The API wallets talk to, at the places and in the formats of the Hermez node (reference 9.9): open to everybody, limited
 * and validated. Errors are `{ message, code, type }`. Signatures are checked in threads that live as long as the server.
 */
import type { FastifyError, FastifyPluginAsync, FastifyReply } from 'fastify'
import type { Clock } from '../../../clock.ts'
import { isOutage } from '../../../entities/outage.ts'
import type { Orm } from '../../../entities/orm.ts'
import { isTransient, messageOf } from '../../../errors.ts'
import { databaseAccounts, type AccountLookup } from './accounts.ts'
import type { AdmissionDeps, RollupDomain } from './admission.ts'
import { atomicPool } from './atomic-pool.ts'
import { authorisations } from './authorisations.ts'
import { ParamValidationFailed, PoolRefusal, SQLTimeout, TooManyRequests } from './errors.ts'
import { explorer } from './explorer.ts'
import type { FeeRange } from './fee-range.ts'
import { createRoom } from './room.ts'
import { startSignatureChecks } from './signature-pool.ts'
import { slots } from './slots.ts'
import { createStore } from './store.ts'
import { transactions } from './transactions.ts'

export interface PoolApiDeps {
  readonly orm: () => Orm
  readonly clock: Clock
  /** Throws a transient error while the rollup is not known yet. */
  readonly domain: () => RollupDomain
  /** Pending transactions the pool takes. */
  readonly maxTxs: number
  /** Fees the pool takes. */
  readonly feeRange: FeeRange
  /** Threads that check signatures. */
  readonly signatureThreads: number
  /** Where accounts are looked up; the database by default. */
  readonly accounts?: AccountLookup
}

/** To be mounted at `/v1`. */
export const poolApi =
  (options: PoolApiDeps): FastifyPluginAsync =>
  async app => {
    const { orm, clock, domain, maxTxs, feeRange } = options
    const signatures = startSignatureChecks(options.signatureThreads)
    const accounts = options.accounts ?? databaseAccounts(orm, clock)
    const room = createRoom(orm, clock, maxTxs)
    const store = createStore(orm, clock)
    const deps: AdmissionDeps = { orm, clock, domain, accounts, signatures, room, store, feeRange }
    app.addHook('onClose', () => signatures.stop())
    app.setErrorHandler((error, _request, reply) => answer(error, reply))
    await app.register(transactions(deps))
    await app.register(atomicPool(deps))
    await app.register(authorisations(deps))
    await app.register(slots(orm))
    await app.register(explorer({ orm, accounts, domain, room, maxTxs }))
  }

/** Answers what wallets understand; whatever they do not cause goes on to the server's own handler. */
function answer(error: unknown, reply: FastifyReply): FastifyReply {
  const refusal = asRefusal(error)
  if (refusal === null) throw error
  const status = statusOf(error) ?? refusal.status
  if (status === 503) reply.header('retry-after', 2)
  return reply.code(status).send({ message: refusal.message, code: refusal.number, type: refusal.type })
}

function asRefusal(error: unknown): PoolRefusal | null {
  if (error instanceof PoolRefusal) return error
  if (isTransient(error) || isOutage(error)) return new SQLTimeout(messageOf(error))
  const status = statusOf(error) ?? 500
  if (status === 429) return new TooManyRequests(messageOf(error))
  return status >= 400 && status < 500 ? new ParamValidationFailed(messageOf(error)) : null
}

/** The status of a request that was refused before it was read, by the server or its validation. */
function statusOf(error: unknown): number | undefined {
  const { statusCode, status, validation } = error as Partial<FastifyError> & { status?: number }
  return status ?? statusCode ?? (validation ? 400 : undefined)
}
