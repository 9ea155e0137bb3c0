/**
 * Everything around a finalizer that is measured: a chain with proof chains where sessions are opened in bulk, an account,
 * the configuration, and what the chain says of the sessions in the end.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  createPublicClient,
  createTestClient,
  createWalletClient,
  encodeFunctionData,
  http,
  type Abi,
  type Address,
  type Hex,
} from 'viem'
import { mnemonicToAccount } from 'viem/accounts'
import { abi as bulkAbi, bytecode as specimenCode } from '../../contracts/artifacts/BulkSpecimenProofChain.ts'
import { bytecode as resultCode } from '../../contracts/artifacts/BulkResultProofChain.ts'
import { startAnvil, type Anvil } from '../../src/embedded/anvil.ts'
import { deployProofChain, type DeployedProofChain } from '../../src/embedded/deploy-proof-chain.ts'
import { receiptOf } from '../../src/embedded/receipt.ts'
import { silentLog } from '../../src/log.ts'

/** The well-known development mnemonic that anvil funds. */
const MNEMONIC = 'test test test test test test test test test test test junk'
const CHAIN_ID = 31_337
const RECEIPT_MS = 120_000
const OPEN_GAS = 250_000n
const SETTLED_GAS = 80_000n
/** A transaction may use no more than 2^24 gas. */
const TX_GAS = 16_000_000n

/** What the contracts of both families have in common. */
const abi: Abi = bulkAbi

export const SOURCE_CHAIN = 1n
export type Family = 'specimen' | 'result'
export const FAMILIES = ['specimen', 'result'] as const

export interface World {
  readonly folder: string
  readonly config: string
  readonly anvil: Anvil
  readonly contracts: DeployedProofChain
  readonly finalizer: Address
  readonly chain: ReturnType<typeof chainOf>
  readonly tools: ReturnType<typeof toolsOf>
  /** Opens sessions with one submission each, in as few transactions as fit; answers when all are mined. */
  open(family: Family, first: bigint, count: number, deadline: bigint): Promise<void>
  /** Sessions that were opened and closed in the past, as their events tell it. */
  settled(family: Family, first: bigint, count: number): Promise<void>
  close(): Promise<void>
}

export interface WorldOptions {
  /** Null: a block for each transaction. */
  readonly blockSeconds: number | null
  readonly confirmations: number
}

const chainOf = (rpcUrl: string) => createPublicClient({ transport: http(rpcUrl, { timeout: 60_000 }), cacheTime: 0 })
const toolsOf = (rpcUrl: string) => createTestClient({ mode: 'anvil', transport: http(rpcUrl, { timeout: 60_000 }) })

async function openWorld({ blockSeconds, confirmations }: WorldOptions): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'fk-finalizer-'))
  const anvil = await startAnvil({
    chainId: CHAIN_ID,
    ...(blockSeconds !== null && { blockTimeSeconds: blockSeconds }),
    args: ['--gas-limit', '1000000000', '--prune-history', '1000'],
    log: silentLog,
  })
  const [deployer, finalizer] = [mnemonicToAccount(MNEMONIC), mnemonicToAccount(MNEMONIC, { addressIndex: 1 })]
  const operator = mnemonicToAccount(MNEMONIC, { addressIndex: 2 }).address
  const contracts = await deployProofChain({
    rpcUrl: anvil.rpcUrl,
    deployer,
    operators: [operator],
    sourceChains: [{ id: SOURCE_CHAIN, nthBlock: 1n }],
    sessionBlocks: 10n,
    minSubmissions: 1n,
    code: { specimen: specimenCode, result: resultCode },
  })
  const chain = chainOf(anvil.rpcUrl)
  const wallet = createWalletClient({ account: deployer, transport: http(anvil.rpcUrl, { timeout: 60_000 }) })
  const config = join(folder, 'config.toml')
  const key = Buffer.from(finalizer.getHdKey().privateKey ?? []).toString('hex')
  await writeFile(join(folder, 'key'), `0x${key}`, { mode: 0o600 })
  await writeFile(config, configOf(folder, anvil, contracts, confirmations))

  let nonce = await chain.getTransactionCount({ address: deployer.address })

  /** Some at a time, so that a chain of one block a transaction takes them, too. */
  const inParts = async (family: Family, first: bigint, count: number, perSession: bigint, argsOf: ArgsOf) => {
    const part = Number(TX_GAS / perSession)
    const hashes: Hex[] = []
    for (let done = 0; done < count; done += part) {
      const call = argsOf(first + BigInt(done), BigInt(Math.min(part, count - done)))
      const data = encodeFunctionData({ abi, ...call })
      const price = { gas: TX_GAS, gasPrice: 10n ** 10n, nonce: nonce++ }
      hashes.push(await wallet.sendTransaction({ to: contracts[family], data, chain: null, ...price }))
    }
    for (const hash of hashes) {
      const { status } = await receiptOf(chain, hash, RECEIPT_MS)
      if (status !== 'success') throw new Error(`sessions could not be made: ${hash} was reverted`)
    }
  }
  return {
    folder,
    config,
    anvil,
    contracts,
    finalizer: finalizer.address,
    chain,
    tools: toolsOf(anvil.rpcUrl),
    open: (family, first, count, deadline) =>
      inParts(family, first, count, OPEN_GAS, (from, many) => ({
        functionName: 'openMany',
        args: [SOURCE_CHAIN, from, many, 1n, deadline, operator],
      })),
    settled: (family, first, count) =>
      inParts(family, first, count, SETTLED_GAS, (from, many) => ({
        functionName: 'settledMany',
        args: [SOURCE_CHAIN, from, many, 1n],
      })),
    close: async () => {
      await anvil.stop(10_000)
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Runs a measurement in a world of its own, which ends with it. */
export async function inWorld<Result>(options: WorldOptions, run: (world: World) => Promise<Result>): Promise<Result> {
  const world = await openWorld(options)
  try {
    return await run(world)
  } finally {
    await world.close()
  }
}

type ArgsOf = (from: bigint, many: bigint) => { readonly functionName: string; readonly args: readonly unknown[] }

const configOf = (folder: string, { rpcUrl, wsUrl }: Anvil, contracts: DeployedProofChain, depth: number): string => `
data_folder = "${join(folder, 'data')}"

[log]
format = "json"

[http]
port = 0
rate_limit = 100000

[roles]
enabled = ["finalizer"]

[chains.local]
rpc = ["${rpcUrl}"]
ws = "${wsUrl}"
chain_id = ${CHAIN_ID}
confirmations = ${depth}
poll_interval = "100ms"

[accounts.finalizer]
chain = "local"
key = "file:${join(folder, 'key')}"
max_in_flight = 200

[tx]
bump_after = "10s"
check_interval = "500ms"

[finalizer]
specimen = "${contracts.specimen}"
result = "${contracts.result}"
specimen_from = ${contracts.deployedAtBlock}
result_from = ${contracts.deployedAtBlock}
`

export interface State {
  readonly head: { readonly block: string; readonly behind: number } | null
  readonly sessions: Readonly<Record<string, Readonly<Record<string, number>>>>
}

/** How many sessions the daemon at `url` knows, by state; null while it does not answer. */
export async function stateOf({ folder }: World, url: string): Promise<Readonly<Record<string, number>> | null> {
  const token = (await readFile(join(folder, 'data', 'tokens', 'viewer'), 'utf8')).trim()
  const answer = await fetch(`${url}/v1/finalizer`, { headers: { authorization: `Bearer ${token}` } }).catch(() => null)
  if (answer?.ok !== true) return null
  const { sessions } = (await answer.json()) as State // our own API
  const all: Record<string, number> = {}
  for (const states of Object.values(sessions))
    for (const [state, n] of Object.entries(states)) all[state] = (all[state] ?? 0) + n
  return all
}
