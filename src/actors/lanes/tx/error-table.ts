/**
 * What clients answer to a transaction, and what it means. First match wins; texts are compared in lower case.
 *
 * Strings are those of geth, nethermind, erigon, besu, reth, anvil, openethereum, arbitrum and bor. Order matters:
 * reverts first (their text may quote anything), then the longer of two texts that contain each other.
 */
export type ErrorClass =
  | 'KNOWN' // this hash is in the node's pool
  | 'NONCE_LOW' // the nonce is used, by whom the receipts say
  | 'NONCE_GAP' // the node refuses a nonce ahead of the account's
  | 'REPL_UNDER' // another transaction holds the nonce and pays nearly as much
  | 'UNDER' // below a floor of the pool or the miner
  | 'FEE_BASE' // the cap is below the base fee
  | 'POOL_FULL'
  | 'ACCT_LIMIT'
  | 'TYPE_CONFLICT' // blob against plain, or a delegation holds the account
  | 'FUNDS'
  | 'NODE_CAP' // the node's own limit on fees
  | 'GAS' // the gas limit is too low or too high
  | 'FATAL' // these bytes can never be valid
  | 'REVERT'
  | 'CHAIN' // signed for another chain
  | 'UNAVAIL' // the node did not look at it
  | 'RATE'
  | 'AMBIG' // anything else: assume it was sent

export interface ErrorRule {
  readonly class: ErrorClass
  /** Any of these, anywhere in the text; a leading `=` wants the whole text, a leading `^` its beginning. */
  readonly texts: readonly string[]
}

export const ERROR_TABLE: readonly ErrorRule[] = [
  { class: 'REVERT', texts: ['execution reverted', 'vm exception while processing transaction: revert'] },
  { class: 'AMBIG', texts: ['unknown transaction', 'transaction confirmation timeout', 'timeout expired'] },
  {
    class: 'KNOWN',
    texts: [
      'already known',
      'alreadyknown',
      'ownnoncealreadyused',
      'known transaction',
      'transaction already imported',
      'existing txn with same hash',
      'transaction with the same hash was already imported',
    ],
  },
  {
    class: 'REPL_UNDER',
    texts: [
      'replacement transaction underpriced',
      'could not replace existing tx',
      'replaced by transaction with higher tip',
      'there is another transaction with same nonce in the queue',
    ],
  },
  {
    class: 'TYPE_CONFLICT',
    texts: [
      'address already reserved',
      'authority already reserved',
      'future transaction tries to replace pending',
      'pending transaction type conflict',
    ],
  },
  { class: 'ACCT_LIMIT', texts: ['delegation authority has pending transaction'] },
  { class: 'FATAL', texts: ['nonce has max value', 'sender account not authorized'] },
  {
    class: 'NONCE_LOW',
    texts: ['nonce too low', 'nonce is too low', '^oldnonce', 'invalid transaction nonce', '=mined'],
  },
  {
    class: 'NONCE_GAP',
    texts: [
      'nonce too high',
      'noncegap',
      'delegation nonce gap',
      'nonce too far in future',
      'nonce is too distant',
      'invalid transaction with a lower nonce exists',
    ],
  },
  {
    class: 'FEE_BASE',
    texts: [
      'max fee per gas less than block base fee',
      'max fee per blob gas less than block blob gas fee',
      'gas price below current base fee',
      'blob gas price below current blob base fee',
    ],
  },
  { class: 'NODE_CAP', texts: ['exceeds the configured cap', 'transaction fee cap exceeded'] },
  { class: 'GAS', texts: ['gas required exceeds allowance', 'insufficient gas for floor data gas cost'] },
  { class: 'FUNDS', texts: ['insufficient funds', 'insufficientfunds', 'upfront cost exceeds account balance'] },
  {
    class: 'POOL_FULL',
    texts: [
      'txpool is full',
      'sub-pool is full',
      'blobs limit in txpool is full',
      'there are too many transactions in the queue',
      'queue full',
      'pending tx pool full',
    ],
  },
  {
    class: 'ACCT_LIMIT',
    texts: [
      'account limit exceeded',
      'transaction blob limit exceeded',
      'in-flight transaction limit reached',
      '=spammer',
    ],
  },
  {
    class: 'UNDER',
    texts: [
      'transaction underpriced',
      'gas price below minimum',
      'gas price below configured minimum',
      '^feetoolow',
      'fee too low',
      '=underpriced',
    ],
  },
  { class: 'CHAIN', texts: ['invalid chain id', 'wrong chainid', 'wrong chain id', 'invalid chainid'] },
  {
    class: 'FATAL',
    texts: [
      'oversized data',
      'transaction too large',
      'rlptoolong',
      'invalid sender',
      'sender not an eoa',
      'sender is not an eoa',
      'senderiscontract',
      'failedtoresolvesender',
      'failed to recover sender',
      'invalid signature',
      'negative value',
      'max initcode size exceeded',
      'initcode too large',
      'gas uint64 overflow',
      'gasuintoverflow',
      'int256overflow',
      'transaction cost overflow',
      'kzg verification error',
      'transaction type not supported',
      'max priority fee per gas higher than max fee per gas',
      'max number of blobs exceeded',
      'total blob gas too high',
      "can't replace blob-txn with a non-blob-txn",
      'failed to decode transaction',
      '=invalid',
    ],
  },
  {
    class: 'GAS',
    texts: [
      'exceeds block gas limit',
      'intrinsic gas',
      '=intrinsicgas',
      'gas limit reached',
      'gas limit is too high',
      'gaslimitexceeded',
    ],
  },
  {
    class: 'UNAVAIL',
    texts: ['node is syncing', 'initial sync is still in progress', 'transaction pool not enabled'],
  },
  { class: 'RATE', texts: ['rate limit', 'too many requests', 'number of requests exceeds max batch size'] },
]
