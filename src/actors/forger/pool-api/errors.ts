/**
 * Why the pool refuses, in the numbers and names of the Hermez node (reference 9.9), so that wallets branch as they always did.
 * 26 to 28 are ours: the reference has no number for them.
 */
import { OperatorError, type Facts, type Severity } from '../../../errors.ts'

/** A request the pool refuses; nothing was stored. Answered as `{ message, code: number, type }`. */
export abstract class PoolRefusal extends OperatorError {
  readonly severity: Severity = 'poison'
  /** The number wallets know. */
  abstract readonly number: number
  /** The HTTP status. */
  readonly status: number = 400

  constructor(message: string, facts: Facts = {}) {
    super(message, { facts })
  }

  /** The name wallets know. */
  get type(): string {
    return `Err${this.name}`
  }
}

export class ParamValidationFailed extends PoolRefusal {
  readonly code = 'POOL_001'
  readonly number = 1
  readonly hint = 'Correct the field that is named; /docs has the format.'
}

export class DuplicatedKey extends PoolRefusal {
  readonly code = 'POOL_002'
  readonly number = 2
  override readonly status = 409
  readonly hint = 'It was stored before; there is nothing left to do.'
}

export class SQLTimeout extends PoolRefusal {
  readonly code = 'POOL_003'
  readonly number = 3
  override readonly status = 503
  readonly hint = 'The node cannot look things up just now; send it again in a moment.'
}

export class SQLNoRows extends PoolRefusal {
  readonly code = 'POOL_004'
  readonly number = 4
  override readonly status = 404
  readonly hint = 'Nothing is stored under this name; it may have been purged.'
}

export class ExitAmount0 extends PoolRefusal {
  readonly code = 'POOL_005'
  readonly number = 5
  readonly hint = 'Exit with an amount above 0.'
}

export class InvalidTxTypeOrTxID extends PoolRefusal {
  readonly code = 'POOL_006'
  readonly number = 6
  readonly hint = 'Compute type and id from the fields, with an amount that fits a 40-bit float.'
}

export class FeeOverflow extends PoolRefusal {
  readonly code = 'POOL_007'
  readonly number = 7
  readonly hint = 'Choose a lower fee selector: this fee needs more than 128 bits.'
}

export class GettingSenderAccount extends PoolRefusal {
  readonly code = 'POOL_008'
  readonly number = 8
  readonly hint = 'Deposit first; the account exists once its batch is forged.'
}

export class AccountTokenNotEqualTxToken extends PoolRefusal {
  readonly code = 'POOL_009'
  readonly number = 9
  readonly hint = 'Sender, receiver and transaction must be of one token.'
}

export class InvalidNonce extends PoolRefusal {
  readonly code = 'POOL_010'
  readonly number = 10
  readonly hint = 'Use the account’s nonce, or a higher one to wait for others before it.'
}

export class InvalidSignature extends PoolRefusal {
  readonly code = 'POOL_011'
  readonly number = 11
  readonly hint = 'Sign for this chain id with the key of the sender’s account.'
}

export class GettingReceiverAccount extends PoolRefusal {
  readonly code = 'POOL_012'
  readonly number = 12
  readonly hint = 'The receiving account does not exist; send to its address instead.'
}

export class CantSendToEthAddr extends PoolRefusal {
  readonly code = 'POOL_013'
  readonly number = 13
  readonly hint = 'The receiver must have an account of the token or authorise its creation.'
}

export class NotAtomicTxsInPostPoolTx extends PoolRefusal {
  readonly code = 'POOL_014'
  readonly number = 14
  readonly hint = 'Linked transactions go to the atomic pool.'
}

export class FailedToGetCurrentBlock extends PoolRefusal {
  readonly code = 'POOL_015'
  readonly number = 15
  override readonly status = 503
  readonly hint = 'The node has not read a block of the chain yet; ask again in a moment.'
}

export class FailedToGetAuctionVars extends PoolRefusal {
  readonly code = 'POOL_016'
  readonly number = 16
  override readonly status = 503
  readonly hint = 'The auction has not begun, or the node has not read it yet; ask again in a moment.'
}

export class FailedToAddEmptySlot extends PoolRefusal {
  readonly code = 'POOL_017'
  readonly number = 17
  readonly hint = 'Only slots from the first one of the auction on have blocks.'
}

export class TxsNotAtomic extends PoolRefusal {
  readonly code = 'POOL_018'
  readonly number = 18
  readonly hint = 'Link the transactions in a ring, so that each needs all others, or submit them one by one.'
}

export class SingleTxInAtomicEndpoint extends PoolRefusal {
  readonly code = 'POOL_019'
  readonly number = 19
  readonly hint = 'A single transaction goes to POST /v1/transactions-pool.'
}

export class RqOffsetOutOfBounds extends PoolRefusal {
  readonly code = 'POOL_020'
  readonly number = 20
  readonly hint = 'The linked transaction must be in the group, at most three after or four before.'
}

export class InvalidAtomicGroupID extends PoolRefusal {
  readonly code = 'POOL_021'
  readonly number = 21
  readonly hint = 'Compute it as keccak256 of the ids of the transactions in their order.'
}

export class FailedToFindOffsetToRelativePosition extends PoolRefusal {
  readonly code = 'POOL_022'
  readonly number = 22
  readonly hint = 'requestOffset: 1, 2, 3 for one of the next; 4, 5, 6, 7 for four, three, two, one before.'
}

export class FeeTooLow extends PoolRefusal {
  readonly code = 'POOL_023'
  readonly number = 23
  readonly hint = 'Choose a higher fee selector; a group counts with its average.'
}

export class FeeTooBig extends PoolRefusal {
  readonly code = 'POOL_024'
  readonly number = 24
  readonly hint = 'Choose a lower fee selector: this looks like a mistake.'
}

export class NothingToUpdate extends PoolRefusal {
  readonly code = 'POOL_025'
  readonly number = 25
  readonly hint = 'Only a pending or invalid transaction outside atomic groups can be replaced, by another one.'
}

export class NotEnoughBalance extends PoolRefusal {
  readonly code = 'POOL_026'
  readonly number = 26
  readonly hint = 'The account must hold the amount and its fee when the transaction is submitted.'
}

export class PoolFull extends PoolRefusal {
  readonly code = 'POOL_027'
  readonly number = 27
  override readonly status = 503
  readonly hint = 'Send it again later; the operator may raise [forger.pool] max_txs.'
}

export class TooManyRequests extends PoolRefusal {
  readonly code = 'POOL_028'
  readonly number = 28
  override readonly status = 429
  readonly hint = 'Wait for the time in Retry-After.'
}

/** The signature threads ended while a check was under way. */
export class SignatureCheckLost extends OperatorError {
  readonly code = 'POOL_101'
  readonly severity = 'transient'
  readonly hint = 'Send the transaction again; the threads start anew by themselves.'
}

/** The value, or PoolRefusal 1 that names the field. */
export function required<T>(value: T | null, field: string, because = 'has another form than asked for'): T {
  if (value === null) throw new ParamValidationFailed(`${field} ${because}`, { field })
  return value
}
