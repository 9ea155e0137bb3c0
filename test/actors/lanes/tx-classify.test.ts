/** Every answer of the clients that are known has its class, and no answer ever frees a nonce. */
import test from 'ava'
import * as fc from 'fast-check'
import { classify, foreign, reactionTo, type Reaction } from '../../../src/actors/lanes/tx/classify.ts'
import type { ErrorClass } from '../../../src/actors/lanes/tx/error-table.ts'

type Row = readonly [client: string, found: ErrorClass, code: number | null, ...texts: string[]]

const ANSWERS: readonly Row[] = [
  ['geth', 'KNOWN', -32000, 'already known'],
  ['geth', 'NONCE_LOW', -32000, 'nonce too low', 'nonce too low: next nonce 7, tx nonce 5'],
  ['geth', 'NONCE_GAP', -32000, 'nonce too high'],
  ['geth', 'FATAL', -32000, 'nonce has max value'],
  [
    'geth',
    'REPL_UNDER',
    -32000,
    'replacement transaction underpriced',
    'replacement transaction underpriced: new tx gas fee cap 5 <= 7 queued',
  ],
  ['geth', 'UNDER', -32000, 'transaction underpriced', 'transaction gas price below minimum'],
  ['geth', 'POOL_FULL', -32000, 'txpool is full'],
  [
    'geth',
    'ACCT_LIMIT',
    -32000,
    'account limit exceeded',
    'transaction blob limit exceeded',
    'in-flight transaction limit reached for delegated accounts',
  ],
  [
    'geth',
    'TYPE_CONFLICT',
    -32000,
    'address already reserved',
    'future transaction tries to replace pending',
    'authority already reserved',
  ],
  [
    'geth',
    'FEE_BASE',
    -32000,
    'max fee per gas less than block base fee',
    'max fee per gas less than block base fee: address 0x1, maxFeePerGas: 1, baseFee: 2',
    'max fee per blob gas less than block blob gas fee',
  ],
  [
    'geth',
    'FUNDS',
    -32000,
    'insufficient funds for gas * price + value',
    'insufficient funds for gas * price + value: balance 1, tx cost 3, overshot 2',
    'insufficient funds for transfer',
  ],
  ['geth', 'NODE_CAP', -32000, 'tx fee (1.35 ether) exceeds the configured cap (1.00 ether)'],
  [
    'geth',
    'GAS',
    -32000,
    'exceeds block gas limit',
    'intrinsic gas too low',
    'gas limit reached',
    'gas required exceeds allowance (21000)',
    'insufficient gas for floor data gas cost',
  ],
  [
    'geth',
    'FATAL',
    -32000,
    'oversized data',
    'oversized data: transaction size 1181120, limit 1048576',
    'invalid sender',
    'negative value',
    'max initcode size exceeded',
    'gas uint64 overflow',
    'KZG verification error',
    'transaction type not supported',
    'max priority fee per gas higher than max fee per gas',
  ],
  ['geth', 'REVERT', 3, 'execution reverted', 'execution reverted: nonce too low'],
  ['nethermind', 'KNOWN', -32010, 'already known', 'AlreadyKnown', 'OwnNonceAlreadyUsed'],
  [
    'nethermind',
    'NONCE_LOW',
    -32010,
    'nonce too low',
    'OldNonce',
    'OldNonce, Current nonce: 7, nonce of rejected tx: 5',
  ],
  [
    'nethermind',
    'NONCE_GAP',
    -32010,
    'nonce too high',
    'nonce too far in future',
    'delegation nonce gap',
    'NonceGap',
    'NonceGap, Future nonce. Expected nonce: 5',
  ],
  ['nethermind', 'UNDER', -32010, 'transaction underpriced', 'FeeTooLow, MaxFeePerGas too low', 'FeeTooLowToCompete'],
  ['nethermind', 'REPL_UNDER', -32010, 'replacement transaction underpriced'],
  ['nethermind', 'GAS', -32010, 'gas limit reached', 'GasLimitExceeded, Gas limit: 1'],
  [
    'nethermind',
    'FUNDS',
    -32010,
    'insufficient funds for gas * price + value',
    'InsufficientFunds, Account balance: 0',
  ],
  ['nethermind', 'TYPE_CONFLICT', -32010, 'pending transaction type conflict'],
  ['nethermind', 'ACCT_LIMIT', -32010, 'delegation authority has pending transaction'],
  ['nethermind', 'UNAVAIL', -32010, 'node is syncing'],
  [
    'nethermind',
    'FATAL',
    -32010,
    'sender not an eoa',
    'transaction too large',
    'transaction cost overflow',
    'failed to recover sender',
    'SenderIsContract',
    'Int256Overflow',
    'FailedToResolveSender',
    'Invalid',
  ],
  ['erigon', 'KNOWN', -32000, 'already known', 'existing txn with same hash'],
  ['erigon', 'NONCE_LOW', -32000, 'nonce too low', 'mined'],
  [
    'erigon',
    'REPL_UNDER',
    -32000,
    'replacement transaction underpriced',
    'could not replace existing tx',
    'replaced by transaction with higher tip',
  ],
  ['erigon', 'UNDER', -32000, 'underpriced', 'fee too low'],
  [
    'erigon',
    'POOL_FULL',
    -32000,
    'pending sub-pool is full',
    'baseFee sub-pool is full',
    'queued sub-pool is full',
    'blobs limit in txpool is full',
  ],
  ['erigon', 'ACCT_LIMIT', -32000, 'spammer'],
  ['erigon', 'FUNDS', -32000, 'insufficient funds'],
  ['erigon', 'GAS', -32000, 'gas limit is too high', 'IntrinsicGas'],
  [
    'erigon',
    'FATAL',
    -32000,
    'GasUintOverflow',
    'RLPTooLong',
    'initcode too large',
    'max number of blobs exceeded',
    "can't replace blob-txn with a non-blob-txn",
  ],
  ['erigon', 'TYPE_CONFLICT', -32000, 'EIP-7702 transaction with authority already reserved'],
  ['besu', 'KNOWN', -32000, 'Known transaction'],
  ['besu', 'NONCE_LOW', -32001, 'Nonce too low'],
  ['besu', 'NONCE_GAP', -32006, 'Nonce too high'],
  [
    'besu',
    'NONCE_GAP',
    -32000,
    'Transaction nonce is too distant from current sender nonce',
    'An invalid transaction with a lower nonce exists',
  ],
  ['besu', 'REPL_UNDER', -32000, 'Replacement transaction underpriced'],
  ['besu', 'UNDER', -32009, 'Gas price below configured minimum gas price'],
  ['besu', 'FEE_BASE', -32009, 'Gas price below current base fee', 'blob gas price below current blob base fee'],
  ['besu', 'FUNDS', -32004, 'Upfront cost exceeds account balance'],
  ['besu', 'NODE_CAP', -32000, 'Transaction fee cap exceeded'],
  ['besu', 'GAS', -32003, 'Intrinsic gas exceeds gas limit'],
  ['besu', 'GAS', -32005, 'Transaction gas limit exceeds block gas limit'],
  ['besu', 'CHAIN', -32000, 'Wrong chainId'],
  ['besu', 'FATAL', -32002, 'Invalid signature'],
  ['besu', 'FATAL', -32000, 'Total blob gas too high'],
  [
    'besu',
    'UNAVAIL',
    -32002,
    'Transaction pool not enabled. (Either txpool explicitly disabled, or node not yet in sync).',
  ],
  ['besu', 'UNAVAIL', -32008, 'Initial sync is still in progress'],
  ['besu', 'AMBIG', -32603, 'Timeout expired'],
  ['besu', 'RATE', -32005, 'Number of requests exceeds max batch size'],
  ['besu', 'FATAL', -32007, 'Sender account not authorized to send transactions'],
  ['reth', 'KNOWN', -32603, 'already known'],
  ['reth', 'REPL_UNDER', -32603, 'replacement transaction underpriced'],
  ['reth', 'UNDER', -32603, 'transaction underpriced'],
  ['reth', 'POOL_FULL', -32603, 'txpool is full'],
  ['reth', 'TYPE_CONFLICT', -32603, 'address already reserved'],
  ['reth', 'GAS', -32603, 'exceeds block gas limit'],
  ['reth', 'FATAL', -32603, 'oversized data'],
  ['reth', 'NONCE_LOW', -32003, 'nonce too low: next nonce 7, tx nonce 5'],
  ['reth', 'NONCE_GAP', -32003, 'nonce too high'],
  ['reth', 'FUNDS', -32003, 'insufficient funds for gas * price + value: have 1 want 2'],
  ['reth', 'FEE_BASE', -32003, 'max fee per gas less than block base fee'],
  ['reth', 'FATAL', -32003, 'sender is not an EOA'],
  ['reth', 'GAS', -32000, 'intrinsic gas too low', 'intrinsic gas too high'],
  ['reth', 'CHAIN', -32000, 'invalid chain ID'],
  ['anvil', 'KNOWN', -32003, 'transaction already imported'],
  ['anvil', 'NONCE_LOW', -32003, 'nonce too low'],
  ['anvil', 'REPL_UNDER', -32003, 'replacement transaction underpriced'],
  ['anvil', 'FEE_BASE', -32003, 'max fee per gas less than block base fee'],
  ['anvil', 'FUNDS', -32003, 'Insufficient funds for gas * price + value'],
  ['anvil', 'GAS', -32000, 'intrinsic gas too low', 'intrinsic gas too high -- tx.gas_limit > env.block.gas_limit'],
  ['anvil', 'CHAIN', -32003, 'invalid chain id for signer'],
  ['anvil', 'FATAL', -32602, 'Failed to decode transaction'],
  ['anvil', 'REVERT', 3, 'execution reverted', 'execution reverted: counter is broken'],
  ['anvil', 'AMBIG', 4, 'Transaction confirmation timeout'],
  ['openethereum', 'KNOWN', -32010, 'Transaction with the same hash was already imported.'],
  ['openethereum', 'NONCE_LOW', -32010, 'Transaction nonce is too low. Try incrementing the nonce.'],
  [
    'openethereum',
    'REPL_UNDER',
    -32010,
    'Transaction gas price 1wei is too low. There is another transaction with same nonce in the queue with gas price: 2wei.',
  ],
  [
    'openethereum',
    'POOL_FULL',
    -32010,
    'There are too many transactions in the queue. Your transaction was dropped due to limit.',
  ],
  ['arbitrum', 'NONCE_GAP', -32000, 'nonce too high'],
  ['arbitrum', 'NONCE_LOW', -32000, 'invalid transaction nonce'],
  ['arbitrum', 'POOL_FULL', -32000, 'queue full', 'sequencer pending tx pool full, please try again'],
  ['provider', 'RATE', 429, 'slow down'],
  ['provider', 'RATE', -32097, 'slow down'],
  ['provider', 'RATE', -32005, 'daily request count exceeded', 'rate limit'],
  ['provider', 'AMBIG', -32603, 'internal error'],
  [
    'provider',
    'AMBIG',
    null,
    '<html>bad gateway</html>',
    'read ECONNRESET',
    'no answer in 10000 ms',
    '',
    'unknown transaction',
  ],
]

for (const [client, found, code, ...texts] of ANSWERS) {
  for (const text of texts) {
    test(`${client} "${text}" (${code}) is ${found}`, t => {
      t.is(classify({ text, code, status: null }), found)
    })
  }
}

test('HTTP says only what no text says', t => {
  t.is(classify({ text: 'x', code: null, status: 429 }), 'RATE')
  t.is(classify({ text: 'x', code: null, status: 403 }), 'UNAVAIL')
  t.is(classify({ text: 'x', code: null, status: 502 }), 'AMBIG')
  t.is(classify({ text: 'already known', code: null, status: 500 }), 'KNOWN')
})

test('text, code and status are found under any wrapping', t => {
  const rpc = Object.assign(new Error('RPC Request failed'), { details: 'nonce too low', code: -32003 })
  const wrapped = Object.assign(new Error('An internal error', { cause: rpc }), { shortMessage: 'An error' })
  t.deepEqual(foreign(wrapped), { text: 'nonce too low', code: -32003, status: null })
  t.deepEqual(foreign('plain'), { text: 'plain', code: null, status: null })
  const http = Object.assign(new Error('HTTP request failed'), { status: 502, details: '<html/>' })
  t.deepEqual(foreign(http), { text: '<html/>', code: null, status: 502 })
})

const KNOWN_TEXTS = ANSWERS.flatMap(([, , , ...texts]) => texts)
const mutated = fc
  .tuple(fc.constantFrom(...KNOWN_TEXTS), fc.constantFrom(...KNOWN_TEXTS), fc.nat(80), fc.nat(80), fc.string())
  .map(([a, b, cut, at, junk]) => a.slice(0, cut) + junk + b.slice(at))

const HARMLESS: ReadonlySet<Reaction> = new Set<Reaction>([
  'accepted',
  'look',
  'resend',
  'reprice',
  'hold',
  'give-back',
  'stop',
])

test('ten thousand mutated answers: each has a reaction, and none of them frees a nonce', t => {
  fc.assert(
    fc.property(mutated, fc.option(fc.integer({ min: -33_000, max: 600 })), (text, code) =>
      HARMLESS.has(reactionTo(classify({ text, code, status: null }))),
    ),
    { numRuns: 10_000 },
  )
  t.pass()
})
