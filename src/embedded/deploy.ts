/**
 * Puts the rollup, its auction, a token and checking verifiers on a local chain.
 *
 * For chains of one's own only: the verifiers prove nothing, and the deployer governs everything.
 */
import {
  createPublicClient,
  createWalletClient,
  http,
  type Account,
  type Address,
  type Chain,
  type Hash,
  type HttpTransport,
  type PublicClient,
  type TransactionReceipt,
  type WalletClient,
} from 'viem'
import { abi as auctionAbi, bytecode as auctionCode } from '../../contracts/artifacts/Auction.ts'
import { abi as verifierAbi, bytecode as verifierCode } from '../../contracts/artifacts/CheckingVerifier.ts'
import { abi as rollupAbi, bytecode as rollupCode } from '../../contracts/artifacts/Rollup.ts'
import { abi as tokenAbi, bytecode as tokenCode } from '../../contracts/artifacts/Token.ts'
import { DeploymentFailedError } from './errors.ts'

export interface RollupDeployment {
  readonly rpcUrl: string
  /** Pays, and becomes the governance of both contracts. */
  readonly deployer: Account
  /** The circuits that may be proven: transactions a batch and levels of the state tree. */
  readonly verifiers: readonly { readonly maxTx: number; readonly nLevels: number }[]
  /** Blocks; 1 to 255. The original has 40. */
  readonly blocksPerSlot: number
  /** Blocks of a slot after which anybody may forge when nobody did; at most `blocksPerSlot`. The original has 20. */
  readonly slotDeadline: number
  /** Blocks after an L1 batch from which the next batch must be one; at most 240. */
  readonly forgeL1L2BatchTimeout: number
  readonly bootCoordinator: Address
  readonly bootCoordinatorUrl: string
  /** Blocks from now until slot 0 begins; at least 2. */
  readonly genesisOffset: number
}

export interface DeployedRollup {
  readonly rollup: Address
  readonly auction: Address
  /** Pays for bids; also registered in the rollup as token 1. The deployer holds 10^27 of it and anybody may mint. */
  readonly token: Address
  readonly verifiers: readonly Address[]
  /** No log of these contracts is older. */
  readonly deployedAtBlock: bigint
  readonly genesisBlock: bigint
}

interface Clients {
  readonly wallet: WalletClient<HttpTransport, Chain, Account>
  readonly chain: PublicClient<HttpTransport, Chain>
}

const SUPPLY = 10n ** 27n
const RECEIPT_MS = 60_000
const POLL_MS = 50
const GENESIS_TRIES = 3

/**
 * Deploys and initialises everything and waits for the receipts; the chain may mine at once or in intervals. Throws
 * DeploymentFailedError when a transaction reverts.
 */
export async function deployRollup(deployment: RollupDeployment): Promise<DeployedRollup> {
  const clients = await connect(deployment)
  const parts = await deployParts(clients, deployment)
  await initialiseRollup(clients, deployment, parts)
  const genesisBlock = await initialiseAuction(clients, deployment, parts)
  return { ...parts, genesisBlock }
}

async function connect({ rpcUrl, deployer }: RollupDeployment): Promise<Clients> {
  const transport = http(rpcUrl)
  const id = await createPublicClient({ transport }).getChainId()
  const nativeCurrency = { name: 'Ether', symbol: 'ETH', decimals: 18 }
  const chain: Chain = { id, name: `chain ${id}`, nativeCurrency, rpcUrls: { default: { http: [rpcUrl] } } }
  return {
    wallet: createWalletClient({ account: deployer, chain, transport }),
    chain: createPublicClient({ chain, transport, pollingInterval: POLL_MS, cacheTime: 0 }),
  }
}

type Parts = Omit<DeployedRollup, 'genesisBlock'>

async function deployParts({ wallet, chain }: Clients, deployment: RollupDeployment): Promise<Parts> {
  let nonce = await chain.getTransactionCount({ address: deployment.deployer.address, blockTag: 'pending' })
  const hashes: Hash[] = []
  const slots = [deployment.blocksPerSlot, deployment.slotDeadline] as const
  // one after the other, with nonces of our own: the chain may need them all before it mines one
  hashes.push(await wallet.deployContract({ abi: rollupAbi, bytecode: rollupCode, nonce: nonce++ }))
  hashes.push(await wallet.deployContract({ abi: auctionAbi, bytecode: auctionCode, args: slots, nonce: nonce++ }))
  const names = ['Forgekeeper Test Token', 'FKT'] as const
  hashes.push(await wallet.deployContract({ abi: tokenAbi, bytecode: tokenCode, args: names, nonce: nonce++ }))
  for (const _ of deployment.verifiers)
    hashes.push(await wallet.deployContract({ abi: verifierAbi, bytecode: verifierCode, nonce: nonce++ }))
  const receipts = await Promise.all(hashes.map(hash => succeeded(chain, hash, 'the creation of a contract')))
  const [rollup, auction, token, ...verifiers] = receipts.map(addressOf) as [Address, Address, Address, ...Address[]] // as sent
  const deployedAtBlock = receipts.reduce(
    (least, { blockNumber }) => (blockNumber < least ? blockNumber : least),
    receipts[0]?.blockNumber ?? 0n,
  )
  return { rollup, auction, token, verifiers, deployedAtBlock }
}

async function initialiseRollup({ wallet, chain }: Clients, deployment: RollupDeployment, parts: Parts): Promise<void> {
  const { rollup, auction, token, verifiers } = parts
  const governance = deployment.deployer.address
  const sizes = deployment.verifiers.map(({ maxTx, nLevels }) => (BigInt(nLevels) << 248n) | BigInt(maxTx))
  // withdrawals and Poseidon contracts do not matter while forging; the initialiser wants some address
  const args = [verifiers, sizes, rollup, auction, token, deployment.forgeL1L2BatchTimeout, 0n] as const
  const unused = [rollup, rollup, rollup, governance, 0n, rollup] as const
  const contract = { address: rollup, abi: rollupAbi } as const
  const minted = await wallet.writeContract({
    address: token,
    abi: tokenAbi,
    functionName: 'mint',
    args: [governance, SUPPLY],
  })
  const initialised = await wallet.writeContract({
    ...contract,
    functionName: 'initializeHermez',
    args: [...args, ...unused],
  })
  await succeeded(chain, minted, 'minting')
  await succeeded(chain, initialised, 'the initialisation of the rollup')
  const added = await wallet.writeContract({ ...contract, functionName: 'addToken', args: [token, '0x'] })
  await succeeded(chain, added, 'the registration of the token')
}

/** The first block of slot 0 must not be past when this is mined; a slow chain gets another try. */
async function initialiseAuction(
  { wallet, chain }: Clients,
  deployment: RollupDeployment,
  parts: Parts,
): Promise<bigint> {
  const { deployer, bootCoordinator, bootCoordinatorUrl } = deployment
  const owner = deployer.address
  for (let left = GENESIS_TRIES; ; left -= 1) {
    const genesis = (await chain.getBlockNumber()) + BigInt(deployment.genesisOffset)
    const hash = await wallet.writeContract({
      address: parts.auction,
      abi: auctionAbi,
      functionName: 'hermezAuctionProtocolInitializer',
      args: [parts.token, genesis, parts.rollup, owner, owner, bootCoordinator, bootCoordinatorUrl],
    })
    const receipt = await receiptOf(chain, hash)
    if (receipt.status === 'success') return genesis
    if (left <= 1) throw failed('the initialisation of the auction', hash)
  }
}

const receiptOf = (chain: Clients['chain'], hash: Hash): Promise<TransactionReceipt> =>
  chain.waitForTransactionReceipt({ hash, timeout: RECEIPT_MS })

async function succeeded(chain: Clients['chain'], hash: Hash, what: string): Promise<TransactionReceipt> {
  const receipt = await receiptOf(chain, hash)
  if (receipt.status !== 'success') throw failed(what, hash)
  return receipt
}

function addressOf({ contractAddress, transactionHash }: TransactionReceipt): Address {
  if (contractAddress === null || contractAddress === undefined)
    throw failed('the creation of a contract', transactionHash)
  return contractAddress
}

const failed = (what: string, hash: Hash): DeploymentFailedError =>
  new DeploymentFailedError(`${what} was reverted on chain`, { facts: { transaction: hash } })
