/**
 * Structured logs through one logger: constant text first, variables as fields.
 * `error` means a human must act, `warn` that one may have to, `info` is the story of the day, `debug` is for us.
 */
import { pino, type Logger } from 'pino'

export interface Log {
  error(text: string, fields?: Record<string, unknown>): void
  warn(text: string, fields?: Record<string, unknown>): void
  info(text: string, fields?: Record<string, unknown>): void
  debug(text: string, fields?: Record<string, unknown>): void
  /** The same log with fields that every line carries. */
  with(fields: Record<string, unknown>): Log
}

export const LOG_LEVELS = ['error', 'warn', 'info', 'debug', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

export interface LogOptions {
  readonly level: LogLevel
  /** `pretty` for a terminal, `json` (one object a line) for everything else. */
  readonly format: 'pretty' | 'json'
}

/** The daemon's log, written to standard error. */
export function createLog(options: LogOptions): Log {
  const serializers = { error: pino.stdSerializers.err } // with its type, stack and causes
  const base = { level: options.level, timestamp: pino.stdTimeFunctions.isoTime, base: null, serializers }
  if (options.format === 'json') return wrap(pino(base, pino.destination(2)))
  const transport = pino.transport({
    target: 'pino-pretty',
    options: { destination: 2, translateTime: 'SYS:HH:MM:ss.l', ignore: 'pid,hostname', singleLine: true },
  })
  return wrap(pino(base, transport))
}

function wrap(logger: Logger): Log {
  return {
    error: (text, fields = {}) => logger.error(fields, text),
    warn: (text, fields = {}) => logger.warn(fields, text),
    info: (text, fields = {}) => logger.info(fields, text),
    debug: (text, fields = {}) => logger.debug(fields, text),
    with: fields => wrap(logger.child(fields)),
  }
}

const nothing = (): void => {}
/** Says nothing; for tests and tools. */
export const silentLog: Log = { error: nothing, warn: nothing, info: nothing, debug: nothing, with: () => silentLog }
