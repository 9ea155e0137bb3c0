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
import { receiptOf } from './receipt.ts'

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
const GENESIS_TRIES = 3
const INITIALISE_GAS = 2_000_000n

/**
 * Deploys and initialises everything and waits for the receipts; the chain may mine at once or in intervals, where it
 * takes two blocks. The rollup and the auction are made with the deployer's next two nonces, in this order, so that their
 * addresses can be known before. Throws DeploymentFailedError when a transaction reverts.
 */
export async function deployRollup(deployment: RollupDeployment): Promise<DeployedRollup> {
  const clients = await connect(deployment)
  const parts = await deployParts(clients, deployment)
  const genesisBlock = await initialise(clients, deployment, parts)
  return { ...parts, genesisBlock }
}

async function connect({ rpcUrl, deployer }: RollupDeployment): Promise<Clients> {
  const transport = http(rpcUrl)
  const id = await createPublicClient({ transport }).getChainId()
  const nativeCurrency = { name: 'Ether', symbol: 'ETH', decimals: 18 }
  const chain: Chain = { id, name: `chain ${id}`, nativeCurrency, rpcUrls: { default: { http: [rpcUrl] } } }
  return {
    wallet: createWalletClient({ account: deployer, chain, transport }),
    chain: createPublicClient({ chain, transport, cacheTime: 0 }),
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

/**
 * All in one block where the chain mines in intervals: with nonces and gas of our own, nothing waits for another. The
 * auction comes last, so an auction with a genesis block tells that all is done.
 */
async function initialise({ wallet, chain }: Clients, deployment: RollupDeployment, parts: Parts): Promise<bigint> {
  const owner = deployment.deployer.address
  let nonce = await chain.getTransactionCount({ address: owner, blockTag: 'pending' })
  const next = () => ({ gas: INITIALISE_GAS, nonce: nonce++ })
  const rollup = { address: parts.rollup, abi: rollupAbi } as const
  const mint = { address: parts.token, abi: tokenAbi, functionName: 'mint', args: [owner, SUPPLY] } as const
  const terms = rollupTerms(deployment, parts)
  const hashes = [
    await wallet.writeContract({ ...mint, ...next() }),
    await wallet.writeContract({ ...rollup, functionName: 'initializeHermez', args: terms, ...next() }),
    await wallet.writeContract({ ...rollup, functionName: 'addToken', args: [parts.token, '0x'], ...next() }),
  ]
  const auction = { address: parts.auction, abi: auctionAbi, functionName: 'hermezAuctionProtocolInitializer' } as const
  for (let left = GENESIS_TRIES; ; left -= 1) {
    const genesis = (await chain.getBlockNumber()) + BigInt(deployment.genesisOffset)
    const hash = await wallet.writeContract({ ...auction, args: auctionTerms(deployment, parts, genesis), ...next() })
    for (const one of hashes.splice(0)) await succeeded(chain, one, 'the initialisation of the rollup')
    if ((await receiptOf(chain, hash, RECEIPT_MS)).status === 'success') return genesis
    // the chain was quicker than slot 0 was near: again
    if (left <= 1) throw failed('the initialisation of the auction', hash)
  }
}

function rollupTerms(deployment: RollupDeployment, { rollup, auction, token, verifiers }: Parts) {
  const sizes = deployment.verifiers.map(({ maxTx, nLevels }) => (BigInt(nLevels) << 248n) | BigInt(maxTx))
  // withdrawals and Poseidon contracts do not matter while forging; the initialiser wants some address
  const some = rollup
  const forging = [verifiers, sizes, some, auction, token, deployment.forgeL1L2BatchTimeout, 0n] as const
  return [...forging, some, some, some, deployment.deployer.address, 0n, some] as const
}

function auctionTerms(deployment: RollupDeployment, { rollup, token }: Parts, genesis: bigint) {
  const { deployer, bootCoordinator, bootCoordinatorUrl } = deployment
  return [token, genesis, rollup, deployer.address, deployer.address, bootCoordinator, bootCoordinatorUrl] as const
}

async function succeeded(chain: Clients['chain'], hash: Hash, what: string): Promise<TransactionReceipt> {
  const receipt = await receiptOf(chain, hash, RECEIPT_MS)
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
