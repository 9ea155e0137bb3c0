/**
 * Two forgers that know nothing of each other: a chain that mines only when told to, the contracts with short slots,
 * bids that give each forger every other slot, mock provers, and a folder with a configuration for each.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  createPublicClient,
  createTestClient,
  createWalletClient,
  http,
  parseEther,
  type Address,
  type Hex,
} from 'viem'
import { mnemonicToAccount, type HDAccount } from 'viem/accounts'
import { foundry } from 'viem/chains'
import { abi as auctionAbi } from '../../contracts/artifacts/Auction.ts'
import { abi as tokenAbi } from '../../contracts/artifacts/Token.ts'
import { runMockProvers } from '../../src/actors/forger/mock-prover.ts'
import { startAnvil } from '../../src/embedded/anvil.ts'
import { deployRollup, type DeployedRollup } from '../../src/embedded/deploy.ts'
import { silentLog } from '../../src/log.ts'

/** The well-known development mnemonic that anvil funds. */
const MNEMONIC = 'test test test test test test test test test test test junk'
const CHAIN_ID = 31_337
const BID = parseEther('11')
/** The first slot that can be bid for: two slots are closed, and bids are made in slot 0. */
export const FIRST_BID_SLOT = 3n
export const SLOT = { blocks: 12, deadline: 6 } as const

export interface Rival {
  readonly name: 'left' | 'right'
  readonly address: Address
  /** Holds `data` and the configuration. */
  readonly folder: string
  readonly config: string
}

export interface RivalWorld {
  readonly contracts: DeployedRollup
  readonly chainId: number
  readonly rpcUrl: string
  readonly rivals: readonly [left: Rival, right: Rival]
  readonly userKeys: readonly Hex[]
  close(): Promise<void>
}

export interface RivalOptions {
  /** Slots from FIRST_BID_SLOT on that are bid for, in turns: the first one is won by the right forger. */
  readonly slots: number
  readonly users: number
}

const account = (index: number): HDAccount => mnemonicToAccount(MNEMONIC, { addressIndex: index })
const keyOf = (index: number): Hex => `0x${Buffer.from(account(index).getHdKey().privateKey ?? []).toString('hex')}`
const [DEPLOYER, LEFT, RIGHT, FIRST_USER] = [0, 1, 2, 3]

export async function openRivals({ slots, users }: RivalOptions): Promise<RivalWorld> {
  const folder = await mkdtemp(join(tmpdir(), 'fk-rivals-'))
  const anvil = await startAnvil({ chainId: CHAIN_ID, args: ['--accounts', String(users + 3)], log: silentLog })
  const contracts = await deployRollup({
    rpcUrl: anvil.rpcUrl,
    deployer: account(DEPLOYER),
    verifiers: [{ maxTx: 128, nLevels: 32 }],
    blocksPerSlot: SLOT.blocks,
    slotDeadline: SLOT.deadline,
    forgeL1L2BatchTimeout: 10,
    bootCoordinator: account(LEFT).address,
    bootCoordinatorUrl: 'http://127.0.0.1',
    genesisOffset: 16, // the bids are made before
  })
  await buySlots(anvil.rpcUrl, contracts, slots)
  const options = { port: 0, delayMs: 50, failRate: 0, hangRate: 0, seed: 1, log: silentLog }
  const provers = await runMockProvers(4, options)
  const urls = provers.map(({ url }) => url)
  const settle = (name: Rival['name'], index: number, own: readonly string[]): Promise<Rival> =>
    settleRival(join(folder, name), name, index, configOf(anvil, contracts, own))
  return {
    contracts,
    chainId: CHAIN_ID,
    rpcUrl: anvil.rpcUrl,
    rivals: [await settle('left', LEFT, urls.slice(0, 2)), await settle('right', RIGHT, urls.slice(2))],
    userKeys: Array.from({ length: users }, (_, index) => keyOf(index + FIRST_USER)),
    close: async () => {
      await Promise.all(provers.map(prover => prover.close()))
      await anvil.stop(5_000)
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Both register as coordinators and bid for every other slot; then the chain mines only when told to. */
async function buySlots(rpcUrl: string, { auction, token }: DeployedRollup, slots: number): Promise<void> {
  const transport = http(rpcUrl)
  const chain = createPublicClient({ chain: foundry, transport })
  const wallet = createWalletClient({ chain: foundry, transport })
  const amount = BID * BigInt(slots)
  const mined = async (hash: Promise<Hex>): Promise<void> => {
    const { status } = await chain.waitForTransactionReceipt({ hash: await hash })
    if (status !== 'success') throw new Error('a bid reverted')
  }
  for (const [index, parity] of [
    [RIGHT, 0],
    [LEFT, 1],
  ] as const) {
    const bidder = account(index)
    const inAuction = { address: auction, abi: auctionAbi, account: bidder } as const
    const inToken = { address: token, abi: tokenAbi, account: bidder } as const
    await mined(wallet.writeContract({ ...inToken, functionName: 'mint', args: [bidder.address, amount] }))
    await mined(wallet.writeContract({ ...inToken, functionName: 'approve', args: [auction, amount] }))
    await mined(
      wallet.writeContract({
        ...inAuction,
        functionName: 'setCoordinator',
        args: [bidder.address, 'http://127.0.0.1'],
      }),
    )
    // the first slot, FIRST_BID_SLOT, is in slot set 3 and goes to the right one: odd sets are its
    const sets = [0, 1, 2, 3, 4, 5].map(set => (set + Number(FIRST_BID_SLOT)) % 2 === parity)
    const range = [FIRST_BID_SLOT, FIRST_BID_SLOT + BigInt(slots) - 1n] as const
    const args = [amount, ...range, sets as never, BID, BID, '0x'] as const // six of them
    await mined(wallet.writeContract({ ...inAuction, functionName: 'processMultiBid', args }))
  }
  await createTestClient({ mode: 'anvil', chain: foundry, transport }).setAutomine(false)
}

async function settleRival(folder: string, name: Rival['name'], index: number, config: string): Promise<Rival> {
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'key'), keyOf(index), { mode: 0o600 })
  await writeFile(join(folder, 'config.toml'), config.replaceAll('FOLDER', folder))
  return { name, address: account(index).address, folder, config: join(folder, 'config.toml') }
}

const configOf = (
  { rpcUrl, wsUrl }: { readonly rpcUrl: string; readonly wsUrl: string },
  { rollup, auction, deployedAtBlock }: DeployedRollup,
  proverUrls: readonly string[],
): string => `
data_folder = "FOLDER/data"

[log]
format = "json"

[http]
port = 0

[chains.local]
rpc = ["${rpcUrl}"]
ws = "${wsUrl}"
chain_id = ${CHAIN_ID}
confirmations = 4
poll_interval = "200ms"

[accounts.forger]
chain = "local"
key = "file:FOLDER/key"

[forger]
rollup = "${rollup}"
auction = "${auction}"
deployed_at = ${deployedAtBlock}
forge_delay = "0s"
forge_no_txs_delay = "24h"
ignore_slot_commitment = false
forge_retry_interval = "100ms"
schedule_batch_blocks_ahead_check = 1
send_batch_blocks_margin_check = 1

[forger.circuit]
max_tx = 128
n_levels = 32

[forger.provers]
urls = ${JSON.stringify(proverUrls)}
poll_interval = "50ms"
`
