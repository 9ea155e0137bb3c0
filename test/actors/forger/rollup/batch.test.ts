/**
 * What a batch does to accounts: the rules of nullification, exits, fees and links, refusals, and replaying from calldata.
 */
import test from 'ava'
import {
  authorisationDigest,
  ethAddressOfKey,
  signAuthorisation,
} from '../../../../src/actors/forger/rollup/authorisation.ts'
import { buildBatch } from '../../../../src/actors/forger/rollup/batch.ts'
import { RefusedTransaction, ReplayMismatch, type RefusalReason } from '../../../../src/actors/forger/rollup/errors.ts'
import { hashGlobalInputs } from '../../../../src/actors/forger/rollup/global-inputs.ts'
import { NO_KEY } from '../../../../src/actors/forger/rollup/l1-codec.ts'
import { txCompressedDataV2 } from '../../../../src/actors/forger/rollup/l2-codec.ts'
import { applyForged } from '../../../../src/actors/forger/rollup/replay.ts'
import {
  accountAt,
  emptyState,
  rootOf,
  type RollupState,
  stateFrom,
} from '../../../../src/actors/forger/rollup/state.ts'
import {
  type BatchRequest,
  ANY_ETH_ADDR,
  type L1UserTx,
  type SignedL2Tx,
} from '../../../../src/actors/forger/rollup/types.ts'
import { account, address, bytes32, CIRCUIT, stateOf, transfer } from './support.ts'

const request = (parts: Partial<BatchRequest> = {}): BatchRequest => ({
  batchNum: 1,
  circuit: CIRCUIT,
  chainId: 1337,
  l1UserTxs: [],
  l1CoordinatorTxs: [],
  l2Txs: [],
  feeIdxs: [],
  ...parts,
})

/** An L1 transaction of account 256's owner unless told otherwise. */
const l1 = (parts: Partial<L1UserTx> = {}): L1UserTx => ({
  fromEthAddr: address(256),
  fromBjjCompressed: NO_KEY,
  fromIdx: 256,
  loadAmountF: 0,
  amountF: 0,
  tokenId: 1,
  toIdx: 0,
  ...parts,
})

const state = (): RollupState => stateOf(account(256), account(257), account(258, { tokenId: 2 }))
const balance = (of: RollupState, idx: number): bigint | undefined => accountAt(of, idx)?.balance

test('an empty batch changes nothing but its public input', t => {
  const first = buildBatch(emptyState(), request())
  const second = buildBatch(emptyState(), request({ batchNum: 2 }))
  t.is(first.newStateRoot, 0n)
  t.is(first.newExitRoot, 0n)
  t.is(first.newLastIdx, 255)
  t.not(first.hashGlobalInputs, second.hashGlobalInputs)
})

test('an account is created with its deposit, from which a transfer can be made at once', t => {
  const tx = l1({ fromIdx: 0, fromBjjCompressed: bytes32(77), loadAmountF: 100, amountF: 30, toIdx: 257 })
  const built = buildBatch(state(), request({ l1UserTxs: [tx] }))
  t.is(built.newLastIdx, 259)
  t.like(accountAt(built.state, 259), { balance: 70n, nonce: 0, ay: 77n, ethAddr: address(256), tokenId: 1 })
  t.is(balance(built.state, 257), 1030n)
  t.is(built.forgeArguments.l1L2TxsData, '0x0000000000000101000000001e00')
})

test('what an L1 transaction may not move is nullified, the rest still happens', t => {
  const cases: [string, Partial<L1UserTx>, { load: bigint; amount: bigint }][] = [
    ['more than balance and load', { loadAmountF: 5, amountF: 1006, toIdx: 257 }, { load: 5n, amount: 0n }],
    ['of another token', { loadAmountF: 5, amountF: 5, tokenId: 2, toIdx: 257 }, { load: 0n, amount: 0n }],
    ['of another owner', { fromEthAddr: address(9), loadAmountF: 5, amountF: 5, toIdx: 257 }, { load: 5n, amount: 0n }],
    ['to another token', { loadAmountF: 5, amountF: 5, toIdx: 258 }, { load: 5n, amount: 0n }],
    ['all there is', { loadAmountF: 5, amountF: 1005, toIdx: 257 }, { load: 5n, amount: 1005n }],
  ]
  for (const [name, parts, { load, amount }] of cases) {
    const built = buildBatch(state(), request({ l1UserTxs: [l1(parts)] }))
    t.like(built.l1Effects[0], { effectiveLoadAmount: load, effectiveAmount: amount }, name)
    t.is(balance(built.state, 256), 1000n + load - amount, name)
    t.is(balance(built.state, 257), 1000n + amount, name)
  }
})

test('exits of one account add up in one leaf, a nullified forced exit leaves a leaf of 0', t => {
  const built = buildBatch(
    state(),
    request({
      l1UserTxs: [l1({ amountF: 10, toIdx: 1 }), l1({ fromIdx: 257, fromEthAddr: address(9), amountF: 10, toIdx: 1 })],
      l2Txs: [transfer({ toIdx: 1, amount: 5n })],
    }),
  )
  t.deepEqual(
    built.exits.map(({ idx, balance: amount, nonce }) => [idx, amount, nonce]),
    [
      [256, 15n, 0],
      [257, 0n, 0],
    ],
  )
  t.is(balance(built.state, 256), 985n)
})

test('an exit of amount 0 makes no leaf', t => {
  const built = buildBatch(state(), request({ l2Txs: [transfer({ toIdx: 1, amount: 0n })] }))
  t.deepEqual(built.exits, [])
  t.is(built.newExitRoot, 0n)
})

test('an exit of amount 0 shows the circuit the leaf that another exit of the account left, and leaves it as it is', t => {
  const l2Txs = [
    transfer({ toIdx: 1, amount: 7n }),
    transfer({ fromIdx: 257, toIdx: 1, amount: 3n }),
    transfer({ nonce: 1, toIdx: 1, amount: 0n }),
  ]
  const { exits, inputs, newExitRoot } = buildBatch(state(), request({ l2Txs, withInputs: true }))
  t.deepEqual(
    exits.map(({ idx, balance: amount }) => [idx, amount]),
    [
      [256, 7n],
      [257, 3n],
    ],
  )
  const at = (name: string) => (inputs as unknown as Record<string, readonly (string | readonly string[])[]>)[name]?.[2]
  t.deepEqual([at('tokenID2'), at('balance2'), at('newExit')], ['1', '7', '0'])
  t.not(at('siblings2')?.[0], '0', 'the other leaf')
  t.is(at('imExitRoot'), newExitRoot.toString())
})

test('fees are collected in the first slot of their token and paid at the end', t => {
  const built = buildBatch(
    state(),
    request({ l2Txs: [transfer({ userFee: 192 }), transfer({ nonce: 1, userFee: 192 })], feeIdxs: [258, 257] }),
  )
  t.deepEqual(built.feeTotals, [0n, 20n])
  t.is(balance(built.state, 256), 960n)
  t.is(balance(built.state, 257), 1040n)
  t.is(built.forgeArguments.feeIdxCoordinator, '0x0000010200000101')
})

test('a slot whose account is missing or of another token pays nobody', t => {
  const built = buildBatch(
    state(),
    request({ l2Txs: [transfer({ userFee: 192 })], feeIdxs: [999, 258], feePlanTokens: [1, 1] }),
  )
  t.is(balance(built.state, 258), 1000n)
  t.deepEqual(built.feeTotals, [10n, 0n])
})

test('a transfer to oneself costs the fee', t => {
  const built = buildBatch(state(), request({ l2Txs: [transfer({ toIdx: 256, userFee: 192 })] }))
  t.like(accountAt(built.state, 256), { balance: 990n, nonce: 1 })
})

test('each impossible transaction is refused with its reason, and the state stays', t => {
  const cases: [RefusalReason, Partial<SignedL2Tx>][] = [
    ['insufficient balance', { amount: 1001n }],
    ['insufficient balance', { amount: 991n, userFee: 192 }],
    ['invalid nonce', { nonce: 1 }],
    ['maxNumBatch expired', { maxNumBatch: 4 }],
    ['unknown sender', { fromIdx: 999 }],
    ['unknown receiver', { toIdx: 999 }],
    ['unknown receiver', { toIdx: 0, toEthAddr: address(999) }],
    ['unknown receiver', { toIdx: 0, toEthAddr: ANY_ETH_ADDR, toBjjAy: 9n }],
    ['unknown receiver', { toIdx: 0, toEthAddr: address(257), auxToIdx: 258 }],
    ['wrong token', { tokenId: 2 }],
    ['wrong token', { toIdx: 258 }],
    ['amount not encodable', { amount: 34359738369n }],
    ['fee overflow', { amount: 10n ** 30n, userFee: 255 }],
    ['broken link', { rqOffset: 1 }],
  ]
  for (const [reason, parts] of cases) {
    const before = state()
    const root = rootOf(before)
    const good = transfer({ fromIdx: 257, toIdx: 257 })
    const error = t.throws(() => buildBatch(before, request({ batchNum: 5, l2Txs: [good, transfer(parts)] })), {
      instanceOf: RefusedTransaction,
    })
    t.is(error?.reason, reason)
    t.is(rootOf(before), root)
  }
})

test('an account beyond the last index of the tree is refused', t => {
  const full = stateOf(account(256), account(2 ** 16 - 1))
  const creating = request({
    circuit: { ...CIRCUIT, nLevels: 16 },
    l1UserTxs: [l1({ fromIdx: 0, fromBjjCompressed: bytes32(9) })],
  })
  t.throws(() => buildBatch(full, creating), { instanceOf: RefusedTransaction, message: 'invalid index' })
})

test('a batch larger than its circuit is refused', t => {
  const many = (count: number) => Array.from({ length: count }, (_, nonce) => transfer({ nonce, amount: 1n }))
  const reasons = [
    request({ l2Txs: many(9) }),
    request({ l1UserTxs: Array.from({ length: 5 }, () => l1()) }),
    request({ feeIdxs: [256, 257, 258] }),
  ].map(tooMuch => t.throws(() => buildBatch(state(), tooMuch), { instanceOf: RefusedTransaction })?.reason)
  t.deepEqual(reasons, ['too many transactions', 'too many L1 transactions', 'too many fee accounts'])
})

test('a linked transaction is only accepted beside the one it names', t => {
  const second = transfer({ fromIdx: 257, toIdx: 256, amount: 3n })
  const first = transfer({ rqOffset: 1, rqTxCompressedDataV2: txCompressedDataV2(second) })
  t.is(buildBatch(state(), request({ l2Txs: [first, second] })).l2Effects.length, 2)
  for (const l2Txs of [[first], [second, first], [first, { ...second, amount: 4n }]]) {
    t.throws(() => buildBatch(state(), request({ l2Txs })), { message: 'broken link' })
  }
})

test('a transfer to an address goes to the key whose account came last, to its smallest index', t => {
  const owner = address(999)
  const of = stateOf(
    account(256),
    account(257, { ethAddr: owner, ay: 1n }),
    account(258, { ethAddr: owner, ay: 2n }),
    account(259, { ethAddr: owner, ay: 2n }),
    account(260, { ethAddr: owner, ay: 1n }),
    account(261, { ethAddr: owner, ay: 3n, tokenId: 2 }),
  )
  const built = buildBatch(of, request({ l2Txs: [transfer({ toIdx: 0, toEthAddr: owner })] }))
  t.is(built.l2Effects[0]?.auxToIdx, 258)
})

test('a state of another history does not find accounts that only the other has', t => {
  const base = stateOf(account(256))
  const creation = (key: number) => l1({ fromIdx: 0, fromEthAddr: address(999), fromBjjCompressed: bytes32(key) })
  buildBatch(base, request({ l1UserTxs: [creation(1)] }))
  const error = t.throws(() => buildBatch(base, request({ l2Txs: [transfer({ toIdx: 0, toEthAddr: address(999) })] })))
  t.is(error?.message, 'unknown receiver')
})

test('circuit inputs do not change what a batch comes to', t => {
  const parts = { l1UserTxs: [l1({ amountF: 10, toIdx: 1 })], l2Txs: [transfer()], feeIdxs: [256] }
  const plain = buildBatch(state(), request(parts))
  const full = buildBatch(state(), request({ ...parts, withInputs: true }))
  t.is(plain.inputs, undefined)
  t.is(full.inputs?.['imInitStateRootFee'], full.newStateRoot.toString())
  t.is(plain.hashGlobalInputs, full.hashGlobalInputs)
  t.deepEqual(JSON.parse(JSON.stringify(full.inputs)), full.inputs)
})

test('a batch can be applied from its calldata, and a wrong one is noticed', t => {
  const chainId = 1337
  const rollup = address(4242)
  const ethKey = bytes32(12345)
  const signature = signAuthorisation(authorisationDigest(bytes32(55), chainId, rollup), ethKey)
  const owner = ethAddressOfKey(ethKey)
  const l1UserTxs = [l1({ loadAmountF: 7, amountF: 3, toIdx: 257 }), l1({ amountF: 99999, toIdx: 257 })]
  const built = buildBatch(
    state(),
    request({
      l1UserTxs,
      l1CoordinatorTxs: [{ fromEthAddr: owner, fromBjjCompressed: bytes32(55), tokenId: 1, ...signature }],
      l2Txs: [transfer({ toIdx: 0, toEthAddr: owner, userFee: 192 }), transfer({ nonce: 1, toIdx: 1 })],
      feeIdxs: [257],
    }),
  )
  const forged = { batchNum: 1, chainId, rollup, circuit: CIRCUIT, l1UserTxs, forgeArguments: built.forgeArguments }
  const applied = applyForged(state(), forged)
  t.is(rootOf(applied.state), built.newStateRoot)
  t.is(applied.hashGlobalInputs, built.hashGlobalInputs)
  t.is(applied.l1CoordinatorTxs[0]?.fromEthAddr, owner)
  t.throws(() => applyForged(emptyState(), forged), { instanceOf: ReplayMismatch })
  const wrong = { ...built.forgeArguments, newExitRoot: 1n }
  t.throws(() => applyForged(state(), { ...forged, forgeArguments: wrong }), { instanceOf: ReplayMismatch })
})

test('accounts as they are reported make the same state again, with or without leaf hashes', t => {
  const built = buildBatch(stateFrom([], 255), request({ l1UserTxs: [1, 2, 3].map(key => created(key)) }))
  const again = stateFrom(built.changedAccounts, built.newLastIdx)
  const bare = built.changedAccounts.map(({ leafHash: _leafHash, ...leaf }) => leaf)
  t.is(rootOf(again), built.newStateRoot)
  t.is(rootOf(stateFrom(bare.toReversed(), built.newLastIdx)), built.newStateRoot)
  t.deepEqual(accountAt(again, 256), bare[0])
})

const created = (key: number): L1UserTx => l1({ fromIdx: 0, fromBjjCompressed: bytes32(key), loadAmountF: key })

test('the public input has room for 256 L1 transactions and 64 fee accounts whatever the circuit', t => {
  const parts = { oldLastIdx: 255, oldStateRoot: 0n, newLastIdx: 255, newStateRoot: 0n, newExitRoot: 0n } as const
  const data = { l1TxsFullData: '0x', l1L2TxsData: '0x', feeIdxCoordinator: '0x', chainId: 1337, batchNum: 1 } as const
  const built = buildBatch(emptyState(), request())
  const contract = { ...CIRCUIT, maxL1Tx: 256, maxFeeTx: 64 }
  t.is(built.hashGlobalInputs, hashGlobalInputs({ ...parts, ...data }, contract))
  t.is(built.hashGlobalInputsOfCircuit, hashGlobalInputs({ ...parts, ...data }, CIRCUIT))
})
