/**
 * What the forger shows at `/v1/forger`; reading only, with the viewer token. Pausing is the same for every role and lives
 * with the HTTP server.
 */
import type { FastifyPluginAsync } from 'fastify'
import type { Orm } from '../../entities/orm.ts'
import { batches } from './routes/batches.ts'
import { state } from './routes/state.ts'
import { work, type ShownProver } from './routes/work.ts'

export interface ForgerRouteDeps {
  readonly orm: () => Orm
  /** How the provers are doing; throws a transient error while nobody knows. */
  readonly provers: () => Promise<readonly ShownProver[]>
}

/** `/`, `/batches`, `/batches/:num`, `/provers`, `/pool`, `/slots`, to be mounted at `/v1/forger`. */
export const forgerRoutes =
  ({ orm, provers }: ForgerRouteDeps): FastifyPluginAsync =>
  async app => {
    await app.register(state(orm))
    await app.register(batches(orm, provers))
    await app.register(work(orm, provers))
  }
