/** Raw queries where the entity manager is, in its transaction if it has one. */
import type { RawBuilder } from 'kysely'
import type { Em } from '../../../entities/orm.ts'

/** Runs the query; `R` states the columns it selects. */
export async function rows<R>(em: Em, query: RawBuilder<unknown>): Promise<R[]> {
  const { rows: found } = await query.execute(em.getKysely())
  return found as R[] // the caller states the columns it selected
}

/** Whether a statement undid itself: ours divide by zero when what they found on the way says that they are not to be. */
export const undidItself = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === '22012'
