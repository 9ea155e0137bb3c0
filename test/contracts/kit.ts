/** A freshly deployed rollup for a test, and a forger that computes the public input by itself from section 9.8. */
import { createHash } from 'node:crypto'
import type { ExecutionContext } from 'ava'
import {
  BaseError,
  ContractFunctionRevertedError,
  concat,
  createPublicClient,
  createTestClient,
  createWalletClient,
  decodeEventLog,
  encodePacked,
  hexToBytes,
  padHex,
  size,
  type Account,
  type Address,
  type Hex,
  type TransactionReceipt,
} from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { foundry } from 'viem/chains'
import { abi as auctionAbi } from '../../contracts/artifacts/Auction.ts'
import { abi as rollupAbi } from '../../contracts/artifacts/Rollup.ts'
import { abi as tokenAbi } from '../../contracts/artifacts/Token.ts'
import { deployRollup, type DeployedRollup, type RollupDeployment } from '../../src/embedded/deploy.ts'
import { receiptOf } from '../../src/embedded/receipt.ts'
import { TEST_KEYS, toNode } from '../support/anvil.ts'
import { PATIENCE_MS } from '../support/patience.ts'

export const FIELD = 21888242871839275222246405745257275088548364400416034343698204186575808495617n
export const MAX_TX = 8
export const INDEX_BYTES = 4

export const [deployer, forger, alice, bidder] = TEST_KEYS.slice(0, 4).map(key => privateKeyToAccount(key)) as [
  ReturnType<typeof privateKeyToAccount>,
  ReturnType<typeof privateKeyToAccount>,
  ReturnType<typeof privateKeyToAccount>,
  ReturnType<typeof privateKeyToAccount>,
] // four keys give four accounts

export interface BatchInput {
  readonly l1: boolean
  readonly coordinatorTxs: Hex
  /** The same transactions in the form of the queue, as the test expects the contract to make them. */
  readonly coordinatorData: Hex
  readonly data: Hex
  readonly fees: Hex
  readonly newLastIdx: number
  readonly newStateRoot: bigint
  readonly newExitRoot: bigint
  /** Added to the right public input. */
  readonly off: bigint
  readonly from: Account
}

export type Kit = Awaited<ReturnType<typeof kit>>

/** Contracts of its own; the next transaction is in the first block of slot 0. */
export async function kit(rpcUrl: string, options: Partial<RollupDeployment> = {}) {
  const transport = toNode(rpcUrl)
  const chain = createPublicClient({ chain: foundry, transport, cacheTime: 0 })
  const wallet = createWalletClient({ chain: foundry, transport })
  const tools = createTestClient({ mode: 'anvil', chain: foundry, transport })
  const contracts = await deployRollup({
    rpcUrl,
    deployer,
    verifiers: [{ maxTx: MAX_TX, nLevels: 8 * INDEX_BYTES }],
    blocksPerSlot: 40,
    slotDeadline: 20,
    forgeL1L2BatchTimeout: 10,
    bootCoordinator: forger.address,
    bootCoordinatorUrl: 'http://127.0.0.1',
    genesisOffset: 3,
    ...options,
  })
  const rollup = { address: contracts.rollup, abi: rollupAbi } as const
  const auction = { address: contracts.auction, abi: auctionAbi } as const
  const token = { address: contracts.token, abi: tokenAbi } as const
  const head = (): Promise<bigint> => chain.getBlockNumber()
  /** Mines until the next transaction is in block `number`. */
  const nextBlockIs = async (number: bigint): Promise<void> => {
    const blocks = Number(number - (await head()) - 1n)
    if (blocks > 0) await tools.mine({ blocks })
  }
  await nextBlockIs(contracts.genesisBlock)
  const mined = async (hash: Promise<Hex>): Promise<TransactionReceipt> => receiptOf(chain, await hash, PATIENCE_MS)

  /** The arguments of `forgeBatch` for the contract's present state. */
  async function batchArgs(wanted: Partial<BatchInput>) {
    const batch = { ...emptyBatch, ...wanted }
    const input = publicInput(batch, await readState(chain, contracts))
    const proof = (input + batch.off) % FIELD
    return [
      batch.newLastIdx,
      batch.newStateRoot,
      batch.newExitRoot,
      batch.coordinatorTxs,
      batch.data,
      batch.fees,
      0,
      batch.l1,
      [proof, 0n],
      [
        [0n, 0n],
        [0n, 0n],
      ],
      [0n, 0n],
    ] as const
  }

  async function forge(wanted: Partial<BatchInput> = {}): Promise<TransactionReceipt> {
    const args = await batchArgs(wanted)
    const account = wanted.from ?? forger
    const { request } = await chain.simulateContract({
      ...rollup,
      functionName: 'forgeBatch',
      args,
      account,
      blockTag: 'pending',
    })
    return mined(wallet.writeContract({ ...request, account }))
  }

  async function deposit(wanted: Partial<Deposit> = {}): Promise<TransactionReceipt> {
    const { from, key, fromIdx, loadAmountF, amountF, tokenId, toIdx, value, permit } = { ...plainDeposit, ...wanted }
    const args = [key, fromIdx, loadAmountF, amountF, tokenId, toIdx, permit] as const
    const call = { ...rollup, functionName: 'addL1Transaction', args, account: from, value } as const
    const { request } = await chain.simulateContract(call)
    return mined(wallet.writeContract({ ...request, account: from }))
  }

  return {
    contracts,
    rollup,
    auction,
    token,
    chain,
    wallet,
    tools,
    head,
    nextBlockIs,
    mined,
    batchArgs,
    forge,
    deposit,
    events,
  }
}

/** The events of one contract in a receipt, in order. */
function events(receipt: TransactionReceipt, address: Address): { eventName: string; args: Record<string, unknown> }[] {
  return receipt.logs
    .filter(log => log.address.toLowerCase() === address.toLowerCase())
    .map(log => decodeEventLog({ abi: [...rollupAbi, ...auctionAbi], data: log.data, topics: log.topics }))
    .map(({ eventName, args }) => ({ eventName, args: args as Record<string, unknown> }))
}

export interface Deposit {
  readonly from: Account
  readonly key: bigint
  readonly fromIdx: number
  readonly loadAmountF: number
  readonly amountF: number
  readonly tokenId: number
  readonly toIdx: number
  readonly value: bigint
  readonly permit: Hex
}

/** 1000 wei of the chain's own coin for a new account. */
export const plainDeposit: Deposit = {
  from: alice,
  key: 0x1234n,
  fromIdx: 0,
  loadAmountF: 1000,
  amountF: 0,
  tokenId: 0,
  toIdx: 0,
  value: 1000n,
  permit: '0x',
}

/** The 78 bytes of a transaction in the queue. */
export function queued(wanted: Partial<Deposit> = {}, owner?: Address): Hex {
  const one = { ...plainDeposit, ...wanted }
  return encodePacked(
    ['address', 'uint256', 'uint48', 'uint40', 'uint40', 'uint32', 'uint48'],
    [owner ?? one.from.address, one.key, one.fromIdx, one.loadAmountF, one.amountF, one.tokenId, one.toIdx],
  )
}

/** What the owner of an Ethereum account signs so that a coordinator may create an account for a key (section 9.8). */
export const authorisation = (rollup: Address, key: Hex, chainId: number) =>
  ({
    domain: { name: 'Hermez Network', version: '1', chainId, verifyingContract: rollup },
    types: {
      Authorise: [
        { name: 'Provider', type: 'string' },
        { name: 'Authorisation', type: 'string' },
        { name: 'BJJKey', type: 'bytes32' },
      ],
    },
    primaryType: 'Authorise',
    message: { Provider: 'Hermez Network', Authorisation: 'Account creation', BJJKey: key },
  }) as const

const emptyBatch: BatchInput = {
  l1: false,
  coordinatorTxs: '0x',
  coordinatorData: '0x',
  data: '0x',
  fees: '0x',
  newLastIdx: 255,
  newStateRoot: 7n,
  newExitRoot: 0n,
  off: 0n,
  from: forger,
}

interface State {
  readonly lastIdx: number
  readonly root: bigint
  readonly batch: number
  readonly queue: Hex
}

async function readState(
  chain: Awaited<ReturnType<typeof createPublicClient>>,
  contracts: DeployedRollup,
): Promise<State> {
  const rollup = { address: contracts.rollup, abi: rollupAbi } as const
  const [lastIdx, batch, index] = await Promise.all([
    chain.readContract({ ...rollup, functionName: 'lastIdx' }),
    chain.readContract({ ...rollup, functionName: 'lastForgedBatch' }),
    chain.readContract({ ...rollup, functionName: 'nextL1ToForgeQueue' }),
  ])
  const [root, queue] = await Promise.all([
    chain.readContract({ ...rollup, functionName: 'stateRootMap', args: [batch] }),
    chain.readContract({ ...rollup, functionName: 'mapL1TxQueue', args: [index] }),
  ])
  return { lastIdx, batch, root, queue }
}

/** Section 9.8, from the text. */
function publicInput(batch: BatchInput, state: State): bigint {
  const l1 = concat([batch.l1 ? state.queue : '0x', batch.coordinatorData])
  const parts = [
    encodePacked(['uint48', 'uint48'], [state.lastIdx, batch.newLastIdx]),
    encodePacked(['uint256', 'uint256', 'uint256'], [state.root, batch.newStateRoot, batch.newExitRoot]),
    filled(l1, 256 * 78),
    filled(batch.data, MAX_TX * (2 * INDEX_BYTES + 6)),
    filled(batch.fees, 64 * INDEX_BYTES),
    encodePacked(['uint16', 'uint32'], [foundry.id, state.batch + 1]),
  ]
  return (
    BigInt(
      `0x${createHash('sha256')
        .update(hexToBytes(concat(parts)))
        .digest('hex')}`,
    ) % FIELD
  )
}

const filled = (data: Hex, length: number): Hex =>
  size(data) >= length ? data : padHex(data, { size: length, dir: 'right' })

/** The revert text of a call that must fail. */
export async function revertText(t: ExecutionContext, call: Promise<unknown>): Promise<string> {
  const error = await t.throwsAsync(call)
  const reverted = error instanceof BaseError ? error.walk(one => one instanceof ContractFunctionRevertedError) : null
  return reverted instanceof ContractFunctionRevertedError ? (reverted.reason ?? '') : String(error)
}
