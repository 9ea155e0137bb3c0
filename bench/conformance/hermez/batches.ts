/**
 * Conformance of whole batches: effects, encodings, roots, both public inputs, exits with their proofs, the full circuit input,
 * the replay from calldata, and the refusals.
 */
import { authorisationDigest, authorisationSigner } from '../../../src/actors/forger/rollup/authorisation.ts'
import { accountValue } from '../../../src/actors/forger/rollup/account.ts'
import { buildBatch, type BuiltBatch } from '../../../src/actors/forger/rollup/batch.ts'
import { hexOf } from '../../../src/actors/forger/rollup/bytes.ts'
import { RefusedTransaction } from '../../../src/actors/forger/rollup/errors.ts'
import { contractSizes, globalInputBytes } from '../../../src/actors/forger/rollup/global-inputs.ts'
import { encodeL1UserTx, l1CoordinatorTxId, l1UserTxId } from '../../../src/actors/forger/rollup/l1-codec.ts'
import { l2TxId } from '../../../src/actors/forger/rollup/l2-codec.ts'
import { unpackSignature } from '../../../src/actors/forger/rollup/eddsa.ts'
import { hashOf, lookup, pathTo } from '../../../src/actors/forger/rollup/merkle.ts'
import { applyForged } from '../../../src/actors/forger/rollup/replay.ts'
import { accountAt, emptyState, rootOf, type RollupState } from '../../../src/actors/forger/rollup/state.ts'
import { type BatchRequest, type AccountLeaf, ZERO_ETH_ADDR } from '../../../src/actors/forger/rollup/types.ts'
import { type Content, difference, l1CoordinatorTxOf, l1UserTxOf, l2TxOf, pick, type Result, result } from './cases.ts'
import type { BatchCase, ExpectedBatch, Rollup } from './case-types.ts'
import { inputDifference } from './circuit-input.ts'
import { givenDifference } from './given.ts'
import { keyDifference } from './primitives.ts'

export function* batches(file: Content<'batches'>): Generator<Result> {
  for (const one of file.data.keys ?? []) yield result(`${file.name} key ${one.index}`, () => keyDifference(one))
  yield* chain(file.name, file.data, file.data.batches)
}

/** Each batch on the state that the one before it left; the last state is returned. */
function* chain(name: string, data: Rollup, all: readonly ExpectedBatch[]): Generator<Result, RollupState> {
  let state = emptyState()
  let queue = 0
  for (const batch of all) {
    const [before, queueBefore] = [state, queue]
    if (batch.l1Batch) queue++
    yield result(`${name} batch ${batch.batchNum}`, () => {
      const built = buildCase(before, data, batch)
      state = built.state
      return givenDifference(data, batch, queueBefore, built.state) ?? checkBatch(data, batch, before, built)
    })
  }
  return state
}

export function* rejects({ name, data }: Content<'rejects'>): Generator<Result> {
  for (const one of data.keys ?? []) yield result(`${name} key ${one.index}`, () => keyDifference(one))
  const state = yield* chain(`${name} setup`, data, data.setup)
  const batchNum = data.setup.length + 1
  const root = rootOf(state)
  for (const item of data.cases) {
    yield result(`${name} ${item.description}`, () => {
      const batch = { batchNum, l1UserTxs: [], l1CoordinatorTxs: [], feeIdxs: [], l2Txs: item.l2Txs }
      return (
        refusal(state, requestOf(data, batch), item.error) ?? (rootOf(state) === root ? null : 'the state has changed')
      )
    })
  }
}

/**
 * A batch as it is; or with the receivers that the case resolved, when ours cannot be found: the coordinator sends to a key only
 * if no address belongs to the account (reference 9.2), but the circuit takes any account with that key.
 */
function buildCase(state: RollupState, file: Rollup, batch: BatchCase): BuiltBatch {
  const request = requestOf(file, batch)
  try {
    return buildBatch(state, request)
  } catch (error) {
    if (!(error instanceof RefusedTransaction) || error.reason !== 'unknown receiver') throw error
    const l2Txs = request.l2Txs.map((tx, at) => ({ ...tx, auxToIdx: Number(batch.l2Txs[at]?.auxToIdx ?? 0) }))
    return buildBatch(state, { ...request, l2Txs })
  }
}

function refusal(state: RollupState, request: BatchRequest, expected: string): string | null {
  try {
    buildBatch(state, request)
  } catch (error) {
    if (error instanceof RefusedTransaction) return difference(error.reason, expected)
    throw error
  }
  return `accepted, expected "${expected}"`
}

const requestOf = (file: Rollup, batch: BatchCase): BatchRequest => ({
  batchNum: Number(batch.batchNum),
  circuit: file.circuit,
  chainId: Number(file.chainID),
  l1UserTxs: batch.l1UserTxs.map(l1UserTxOf),
  l1CoordinatorTxs: batch.l1CoordinatorTxs.map(l1CoordinatorTxOf),
  l2Txs: batch.l2Txs.map(l2TxOf),
  feeIdxs: batch.feeIdxs.map(Number),
  ...(batch.feePlanTokens && { feePlanTokens: batch.feePlanTokens.map(Number) }),
  withInputs: batch.input !== undefined || batch.expected?.stateRootBeforeFees !== undefined,
})

function checkBatch(file: Rollup, batch: ExpectedBatch, before: RollupState, built: BuiltBatch): string | null {
  return (
    l1Differences(batch, built) ??
    l2Differences(batch, built) ??
    outcomeDifference(file, batch, built) ??
    (batch.expected.exits ? exitDifference(batch.expected.exits, built) : null) ??
    (batch.input ? inputDifference(built.inputs, batch.input) : null) ??
    unnamedChange(batch, built) ??
    replayDifference(file, batch, before, built)
  )
}

function l1Differences(batch: ExpectedBatch, built: BuiltBatch): string | null {
  const users = batch.l1UserTxs.map((tx, at) => ({
    ...built.l1Effects[at],
    encoded: hexOf(encodeL1UserTx(l1UserTxOf(tx))),
    txId: l1UserTxId(Number(tx.toForgeL1TxsNum), tx.position),
  }))
  const coordinators = batch.l1CoordinatorTxs.map((tx, at) => ({
    newIdx: built.l1CoordinatorIdxs[at],
    txId: l1CoordinatorTxId(Number(batch.batchNum), tx.position),
  }))
  const fields = ['effectiveLoadAmount', 'effectiveAmount', 'isAmountNullified', 'newIdx', 'encoded', 'txId']
  return (
    difference(users, pick(batch.l1UserTxs, fields), 'l1UserTxs') ??
    difference(coordinators, pick(batch.l1CoordinatorTxs, ['newIdx', 'txId']), 'l1CoordinatorTxs')
  )
}

function l2Differences(batch: ExpectedBatch, built: BuiltBatch): string | null {
  const actual = batch.l2Txs.map((json, at) => {
    const parts = unpackSignature(json.signature ?? '0x')
    return { ...built.l2Effects[at], txId: l2TxId(l2TxOf(json)), s: parts?.s, r8x: parts?.r8.x, r8y: parts?.r8.y }
  })
  return difference(actual, pick(batch.l2Txs, ['fee', 'auxToIdx', 'txId', 's', 'r8x', 'r8y']), 'l2Txs')
}

function outcomeDifference(file: Rollup, batch: ExpectedBatch, built: BuiltBatch): string | null {
  const { forgeArguments } = built
  const global = { ...built, ...forgeArguments, chainId: Number(file.chainID), batchNum: Number(batch.batchNum) }
  const actual: Record<string, unknown> = {
    ...built,
    stateRootBeforeFees: built.inputs?.['imInitStateRootFee'],
    encodedL1CoordinatorTx: forgeArguments.encodedL1CoordinatorTx,
    l1L2TxsData: forgeArguments.l1L2TxsData,
    feeIdxData: forgeArguments.feeIdxCoordinator,
    hashGlobalInputs: built.hashGlobalInputsOfCircuit,
    hashGlobalInputsContract: built.hashGlobalInputs,
    hashGlobalInputsContractBytes: globalInputBytes(global, contractSizes(file.circuit)).length,
    accountsAfter: batch.expected.accountsAfter?.map(account => accountAfter(built, Number(account.idx))),
  }
  const { exits: _exits, ...expected } = batch.expected
  return difference(actual, expected)
}

/** Expected accounts may include some that were only looked at, but none that was written may be missing. */
function unnamedChange(batch: ExpectedBatch, built: BuiltBatch): string | null {
  if (batch.expected.accountsAfter === undefined) return null
  const named = new Set(batch.expected.accountsAfter.map(account => Number(account.idx)))
  const extra = built.changedAccounts.find(({ idx }) => !named.has(idx))
  return extra === undefined ? null : `account ${extra.idx} was written and is not expected`
}

const accountAfter = (built: BuiltBatch, idx: number): object | undefined => {
  const account = accountAt(built.state, idx)
  return account && leafOf(account)
}

const leafOf = (account: AccountLeaf): object => ({
  ...account,
  tokenID: account.tokenId,
  leafValue: accountValue(account),
})

function exitDifference(exits: NonNullable<ExpectedBatch['expected']['exits']>, built: BuiltBatch): string | null {
  for (const expected of exits) {
    const idx = Number(expected.idx)
    const leaf = lookup(built.exitTree, idx)
    const siblings = pathTo(built.exitTree, idx).siblings.map(sibling => hashOf(sibling, accountValue))
    const actual = { found: leaf !== undefined, ...(leaf && leafOf(leaf)), idx, siblings }
    const found = difference(actual, expected, `exits.${idx}`)
    if (found !== null) return found
  }
  const named = exits.filter(exit => exit.found).length
  return built.exits.length === named ? null : `${built.exits.length} exit leaves, expected ${named}`
}

/** False when the case names another owner than the one who signed (see oracle-address.ts): the chain would see the signer. */
const ownAddresses = (file: Rollup, batch: ExpectedBatch): boolean =>
  batch.l1CoordinatorTxs.map(l1CoordinatorTxOf).every(tx => {
    const digest = authorisationDigest(tx.fromBjjCompressed, Number(file.chainID), file.rollupContract ?? ZERO_ETH_ADDR)
    return tx.v === 0 || authorisationSigner(digest, tx) === tx.fromEthAddr
  })

/** What others would make of our calldata; not possible where the fee plan was given on purpose and is not in the calldata. */
function replayDifference(file: Rollup, batch: ExpectedBatch, before: RollupState, built: BuiltBatch): string | null {
  const planned = batch.feeIdxs.every((idx: string, slot: number) =>
    [undefined, batch.feePlanTokens?.[slot]].includes(accountAt(built.state, Number(idx))?.tokenId.toString()),
  )
  if (!planned || !ownAddresses(file, batch)) return null
  const applied = applyForged(before, {
    batchNum: Number(batch.batchNum),
    chainId: Number(file.chainID),
    rollup: file.rollupContract ?? ZERO_ETH_ADDR,
    circuit: file.circuit,
    l1UserTxs: batch.l1UserTxs.map(l1UserTxOf),
    forgeArguments: built.forgeArguments,
  })
  return difference({ root: rootOf(applied.state) }, { root: batch.expected.newStateRoot }, 'replay')
}
