/**
 * What can be wrong with the database, in words an operator can act on.
 */
import { OperatorError } from '../errors.ts'

export class DatabaseDownError extends OperatorError {
  readonly code = 'DB_001'
  readonly severity = 'transient'
  readonly hint = 'Start PostgreSQL or correct [database] url; the daemon goes on by itself when it answers.'
}

export class DatabaseNewerError extends OperatorError {
  readonly code = 'DB_002'
  readonly severity = 'fatal'
  readonly hint = 'This database was used by a newer Forgekeeper: run that version, or point to another database.'
}

export class DatabaseTooOldError extends OperatorError {
  readonly code = 'DB_003'
  readonly severity = 'fatal'
  readonly hint = 'Forgekeeper needs PostgreSQL 15 or later.'
}
