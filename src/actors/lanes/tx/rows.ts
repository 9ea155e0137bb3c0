/** Raw queries where the entity manager is, in its transaction if it has one. */
import type { RawBuilder } from 'kysely'
import type { Em } from '../../../entities/orm.ts'

/** Runs the query; `R` states the columns it selects. */
export async function rows<R>(em: Em, query: RawBuilder<unknown>): Promise<R[]> {
  const { rows: found } = await query.execute(em.getKysely())
  return found as R[] // the caller states the columns it selected
}
