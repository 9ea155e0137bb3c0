/**
 * Why the pool refuses, in the numbers and names of the Hermez node (reference 9.9), so that wallets branch as they always did.
 * 26 to 28 are ours: the reference has no number for them.
 */
import { OperatorError, type Facts } from '../../../errors.ts'

interface Kind {
  readonly number: number
  readonly type: string
  readonly status: number
  readonly code: string
  readonly hint: string
}

const kind = (number: number, type: string, code: string, hint: string, status = 400): Kind => ({
  number,
  type: `Err${type}`,
  status,
  code,
  hint,
})

const KINDS = {
  ParamValidationFailed: kind(
    1,
    'ParamValidationFailed',
    'POOL_001',
    'Correct the field that is named; /docs has the format.',
  ),
  DuplicatedKey: kind(2, 'DuplicatedKey', 'POOL_002', 'It was stored before; there is nothing left to do.', 409),
  SQLTimeout: kind(
    3,
    'SQLTimeout',
    'POOL_003',
    'The node cannot look things up just now; send it again in a moment.',
    503,
  ),
  SQLNoRows: kind(4, 'SQLNoRows', 'POOL_004', 'Nothing is stored under this name; it may have been purged.', 404),
  ExitAmount0: kind(5, 'ExitAmount0', 'POOL_005', 'Exit with an amount above 0.'),
  InvalidTxTypeOrTxID: kind(
    6,
    'InvalidTxTypeOrTxID',
    'POOL_006',
    'Compute type and id from the fields, with an amount that fits a 40-bit float.',
  ),
  FeeOverflow: kind(7, 'FeeOverflow', 'POOL_007', 'Choose a lower fee selector: this fee needs more than 128 bits.'),
  GettingSenderAccount: kind(
    8,
    'GettingSenderAccount',
    'POOL_008',
    'Deposit first; the account exists once its batch is forged.',
  ),
  AccountTokenNotEqualTxToken: kind(
    9,
    'AccountTokenNotEqualTxToken',
    'POOL_009',
    'Sender, receiver and transaction must be of one token.',
  ),
  InvalidNonce: kind(
    10,
    'InvalidNonce',
    'POOL_010',
    'Use the account’s nonce, or a higher one to wait for others before it.',
  ),
  InvalidSignature: kind(
    11,
    'InvalidSignature',
    'POOL_011',
    'Sign for this chain id with the key of the sender’s account.',
  ),
  GettingReceiverAccount: kind(
    12,
    'GettingReceiverAccount',
    'POOL_012',
    'The receiving account does not exist; send to its address instead.',
  ),
  CantSendToEthAddr: kind(
    13,
    'CantSendToEthAddr',
    'POOL_013',
    'The receiver must have an account of the token or authorise its creation.',
  ),
  NotAtomicTxsInPostPoolTx: kind(
    14,
    'NotAtomicTxsInPostPoolTx',
    'POOL_014',
    'Linked transactions go to the atomic pool.',
  ),
  NotEnoughBalance: kind(
    26,
    'NotEnoughBalance',
    'POOL_026',
    'The account must hold the amount and its fee when the transaction is submitted.',
  ),
  PoolFull: kind(27, 'PoolFull', 'POOL_027', 'Send it again later; the operator may raise [forger.pool] max_txs.', 503),
  TooManyRequests: kind(28, 'TooManyRequests', 'POOL_028', 'Wait for the time in Retry-After.', 429),
} as const

export type RefusalKind = keyof typeof KINDS

/** A request the pool refuses; nothing was stored. Answered as `{ message, code, type }`. */
export class PoolRefusal extends OperatorError {
  readonly code: string
  readonly severity = 'poison'
  readonly hint: string
  readonly status: number
  /** The number wallets know. */
  readonly number: number
  readonly type: string

  constructor(kindOf: RefusalKind, message: string, facts: Facts = {}) {
    super(message, { facts })
    const { number, type, status, code, hint } = KINDS[kindOf]
    this.number = number
    this.type = type
    this.status = status
    this.code = code
    this.hint = hint
  }
}

/** The signature threads ended while a check was under way. */
export class SignatureCheckLost extends OperatorError {
  readonly code = 'POOL_101'
  readonly severity = 'transient'
  readonly hint = 'Send the transaction again; the threads start anew by themselves.'
}

/** The value, or PoolRefusal 1 that names the field. */
export function required<T>(value: T | null, field: string, because = 'has another form than asked for'): T {
  if (value === null) throw new PoolRefusal('ParamValidationFailed', `${field} ${because}`, { field })
  return value
}
