/**
 * Pages of lists that grow at the head: newest first, and a cursor that names the last one seen, so that nothing is shown
 * twice or left out when rows are added in between.
 */
import { Type } from 'typebox'

export const MAX_PAGE = 200
const DEFAULT_PAGE = 50

/** Query fields of every paged list. */
export const pageQuery = {
  limit: Type.Optional(
    Type.Integer({ minimum: 1, maximum: MAX_PAGE, description: `Most rows to answer; ${DEFAULT_PAGE} if not given.` }),
  ),
  before: Type.Optional(
    Type.String({ pattern: '^[0-9]{1,18}$', description: 'Only rows older than this; the `next` of the page before.' }),
  ),
}

export interface PageQuery {
  readonly limit?: number
  readonly before?: string
}

/** How many rows to read: one more than asked for tells whether there is a next page. */
export const rowsToRead = (query: PageQuery): number => (query.limit ?? DEFAULT_PAGE) + 1

/** The page out of the rows read, and the cursor of the next one; null on the last page. */
export function pageOf<Row>(
  rows: readonly Row[],
  query: PageQuery,
  cursorOf: (row: Row) => bigint | number,
): { rows: readonly Row[]; next: string | null } {
  const limit = query.limit ?? DEFAULT_PAGE
  const page = rows.slice(0, limit)
  const last = page.at(-1)
  return { rows: page, next: rows.length > limit && last !== undefined ? String(cursorOf(last)) : null }
}
