/** What can be wrong with the servers that the daemon brings along, and with its data folder. */
import { OperatorError } from '../errors.ts'

/** There are no PostgreSQL binaries for this machine. */
export class NoEmbeddedPostgresError extends OperatorError {
  readonly code = 'DB_020'
  readonly severity = 'fatal'
  readonly hint = 'Install the optional dependencies (npm ci), or give the URL of a PostgreSQL 15 or later.'
}

/** The embedded server ended instead of starting; the message ends with what it printed. */
export class EmbeddedPostgresFailedError extends OperatorError {
  readonly code = 'DB_021'
  readonly severity = 'fatal'
  readonly hint = 'Read what the server printed; as a way out give the URL of a PostgreSQL 15 or later.'
}

/** A server of another owner works in this folder and did not end while we waited. */
export class DatabaseFolderBusyError extends OperatorError {
  readonly code = 'DB_022'
  readonly severity = 'fatal'
  readonly hint = 'Stop the process that is named, or use another data folder.'
}

/** The binaries are of another major version than the data; PostgreSQL cannot read it. */
export class DatabaseFolderVersionError extends OperatorError {
  readonly code = 'DB_023'
  readonly severity = 'fatal'
  readonly hint = 'Dump the data with the old version and load it with the new one, or start with an empty folder.'
}

/** The daemon runs as uid 0 and this machine gives no way to run PostgreSQL, which refuses uid 0, in that folder. */
export class RootNotPossibleError extends OperatorError {
  readonly code = 'DB_024'
  readonly severity = 'fatal'
  readonly hint = 'Run the daemon as an ordinary user, or give the URL of a PostgreSQL 15 or later.'
}

/** There is no anvil for this machine. */
export class NoAnvilError extends OperatorError {
  readonly code = 'CHN_020'
  readonly severity = 'fatal'
  readonly hint = 'Install Foundry so that `anvil` is on the PATH, or give the RPC URL of a chain.'
}

/** anvil ended instead of starting; the message ends with what it printed. */
export class AnvilFailedError extends OperatorError {
  readonly code = 'CHN_021'
  readonly severity = 'fatal'
  readonly hint = 'Read what anvil printed; a chain state that cannot be read can be moved away to start a new chain.'
}

/** An anvil of another owner writes this state file and did not end while we waited. */
export class ChainStateBusyError extends OperatorError {
  readonly code = 'CHN_022'
  readonly severity = 'fatal'
  readonly hint = 'Stop the process that is named, or use another data folder.'
}

/** Another daemon works in the data folder. */
export class DataFolderBusyError extends OperatorError {
  readonly code = 'CFG_020'
  readonly severity = 'fatal'
  readonly hint = 'Stop the process that is named, or give this daemon a data folder of its own.'
}

/** The data folder cannot be made or written. */
export class DataFolderUnusableError extends OperatorError {
  readonly code = 'CFG_021'
  readonly severity = 'fatal'
  readonly hint = 'Give a folder that the user of the daemon may create and write.'
}

/** A transaction that puts our contracts on the local chain was reverted. */
export class DeploymentFailedError extends OperatorError {
  readonly code = 'CHN_023'
  readonly severity = 'fatal'
  readonly hint = 'Use a chain of your own where the deployer has funds; start with an empty data folder.'
}
