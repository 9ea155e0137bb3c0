/**
 * Statements that the server parses and plans once for a connection and not for every use: for the few that are asked
 * all the time and whose plan is dearer than their answer. Their plan may be made while the tables are still small, so
 * they find their rows by an index whatever is in them.
 */
import { createHash } from 'node:crypto'
import { sql } from 'kysely'
import type { Client, ClientBase, Pool } from 'pg'

/** Begins the text of such a statement. */
export const PREPARED = '/* prepared */ '
/** The same for statements that Kysely builds. */
export const prepared = sql.raw(PREPARED)

/** SQLSTATEs: the server does not know the statement, or knows it already. A pooler gave us another of its connections. */
const UNKNOWN = /^(26000|42P05)$/
/** Somebody changed a table. */
const OUTDATED = /cached plan must not change result type/

/** True for the error of a statement that is not there as it was prepared; without a name it works. */
export const isNotAsPrepared = (error: Error): boolean =>
  OUTDATED.test(error.message) || ('code' in error && UNKNOWN.test(String(error.code)))

/** For `onPoolCreated`: gives those statements names, until one turns out not to be there as it was prepared. */
export function prepareStatements(pool: Pool): void {
  const names = new Map<string, string>()
  let kept = true
  const nameOf = (text: unknown): string | undefined => {
    if (!kept || typeof text !== 'string' || !text.startsWith(PREPARED)) return undefined
    const name = names.get(text) ?? statementName(text)
    names.set(text, name)
    return name
  }
  pool.on('connect', (client: ClientBase) => {
    const plain = client.query.bind(client) as (query: unknown, ...rest: unknown[]) => unknown // one of its overloads
    const query = (text: unknown, values?: unknown, ...rest: unknown[]): unknown => {
      const name = nameOf(text)
      if (name === undefined) return plain(text, values, ...rest)
      const answer = plain({ name, text, values }, ...rest)
      if (answer instanceof Promise) answer.catch(forgetNames)
      return answer
    }
    client.query = query as Client['query'] // the same overloads
  })
  const forgetNames = (error: Error): void => {
    if (isNotAsPrepared(error)) kept = false
  }
}

/** One name for one text, whoever prepares it: behind a pooler, daemons share the server's connections. */
const statementName = (text: string): string => `fk_${createHash('sha256').update(text).digest('hex').slice(0, 32)}`
