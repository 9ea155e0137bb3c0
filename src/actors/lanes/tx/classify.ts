/**
 * From anything an endpoint (or the way to it) throws to one of a few classes. Text first, then code, then HTTP status.
 *
 * No class ever allows another nonce for an intent: that takes chain evidence (settle.ts). What is not known for sure
 * is `AMBIG`: assume that it was sent, and send nothing but the same bytes.
 */
import { ERROR_TABLE, type ErrorClass } from './error-table.ts'

export interface ForeignError {
  readonly text: string
  /** The JSON-RPC error code; null when no JSON-RPC error was answered. */
  readonly code: number | null
  /** The HTTP status; null when no HTTP answer arrived or it was 200. */
  readonly status: number | null
}

/** What the lane does about it; every reaction keeps the nonce and the committed bytes. */
export type Reaction =
  | 'accepted' // the node has it
  | 'look' // ask the chain for the receipts of every attempt
  | 'resend' // the same bytes again, later
  | 'reprice' // a replacement now, when the ceiling allows
  | 'hold' // stop signing new ones; the same bytes again when the world has changed
  | 'give-back' // these bytes will never be valid: take the nonce back with a no-op
  | 'stop' // a person is needed before anything else

const REACTIONS: Readonly<Record<ErrorClass, Reaction>> = {
  KNOWN: 'accepted',
  NONCE_LOW: 'look',
  NONCE_GAP: 'resend',
  REPL_UNDER: 'reprice',
  UNDER: 'reprice',
  FEE_BASE: 'reprice',
  POOL_FULL: 'hold',
  ACCT_LIMIT: 'hold',
  TYPE_CONFLICT: 'hold',
  FUNDS: 'hold',
  NODE_CAP: 'hold',
  GAS: 'give-back',
  FATAL: 'give-back',
  REVERT: 'resend',
  CHAIN: 'stop',
  UNAVAIL: 'resend',
  RATE: 'resend',
  AMBIG: 'resend',
}

export const reactionTo = (found: ErrorClass): Reaction => REACTIONS[found]

/** The class of what an endpoint answered to a signed transaction. */
export function classify(error: ForeignError): ErrorClass {
  const text = error.text.trim().toLowerCase()
  const found = ERROR_TABLE.find(rule => rule.texts.some(pattern => matches(text, pattern)))
  if (found) return found.class
  if (error.code === 3) return 'REVERT'
  if (error.status === 429 || error.code === 429 || error.code === -32097 || error.code === -32005) return 'RATE'
  if (error.status === 403 || error.status === 413) return 'UNAVAIL' // refused by a gateway before any node saw it
  return 'AMBIG'
}

function matches(text: string, pattern: string): boolean {
  if (pattern.startsWith('=')) return text.replace(/[.!]$/, '') === pattern.slice(1)
  if (pattern.startsWith('^')) return text.startsWith(pattern.slice(1))
  return text.includes(pattern)
}

/** Collects text, code and status from an error and its causes, whatever library wrapped them. */
export function foreign(error: unknown): ForeignError {
  let text = ''
  let code: number | null = null
  let status: number | null = null
  for (let at: unknown = error, depth = 0; isRecord(at) && depth < 8; at = at['cause'], depth += 1) {
    const said = stringOf(at['details']) ?? stringOf(at['shortMessage']) ?? stringOf(at['message'])
    if (said !== null) text = said // the innermost is what the node said
    if (typeof at['code'] === 'number') code = at['code']
    if (typeof at['status'] === 'number') status = at['status']
  }
  return { text: text === '' ? String(error) : text, code, status }
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null
const stringOf = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null)
