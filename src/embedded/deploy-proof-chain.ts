/**
 * Puts both proof chains, of block specimens and of block results, and their staking contract on a local chain.
 *
 * For chains of one's own only: the deployer governs everything and validators have staked by mere words.
 */
import {
  createPublicClient,
  createWalletClient,
  encodeFunctionData,
  getContractAddress,
  http,
  type Account,
  type Address,
  type Hex,
} from 'viem'
import { abi as resultAbi, bytecode as resultCode } from '../../contracts/artifacts/BlockResultProofChain.ts'
import { bytecode as resultQuorumCode } from '../../contracts/artifacts/BlockResultQuorumChain.ts'
import { abi as specimenAbi, bytecode as specimenCode } from '../../contracts/artifacts/BlockSpecimenProofChain.ts'
import { bytecode as specimenQuorumCode } from '../../contracts/artifacts/BlockSpecimenQuorumChain.ts'
import { abi as stakingAbi, bytecode as stakingCode } from '../../contracts/artifacts/ProofStaking.ts'
import { DeploymentFailedError } from './errors.ts'
import { receiptOf } from './receipt.ts'

export interface ProofChainDeployment {
  readonly rpcUrl: string
  /** Pays, owns and governs the contracts. */
  readonly deployer: Account
  /** Each submits for a validator of its own; validator ids are the positions here. */
  readonly operators: readonly Address[]
  /** Ids of the chains whose blocks may be proved: every block, or every `nthBlock`th. */
  readonly sourceChains: readonly { readonly id: bigint; readonly nthBlock: bigint }[]
  /** Blocks from the first submission to the deadline. The original begins with 240. */
  readonly sessionBlocks: bigint
  /** Submissions without which there is no reward; 2 unless said. */
  readonly minSubmissions?: bigint
  /** Creation code of the two contracts; that of the first generation unless said. */
  readonly code?: ProofChainCode
  /** The deployer's nonce with which the deployment began, to go on with one that was cut off. Absent: it begins now. */
  readonly firstNonce?: number
}

export interface ProofChainCode {
  readonly specimen: Hex
  readonly result: Hex
}

/** Creation code of each generation: closing pays a reward (2022), or only tells who agreed (2024). */
export const GENERATIONS: Readonly<Record<'2022' | '2024', ProofChainCode>> = {
  '2022': { specimen: specimenCode, result: resultCode },
  '2024': { specimen: specimenQuorumCode, result: resultQuorumCode },
}

export interface ProofChainAddresses {
  readonly staking: Address
  readonly specimen: Address
  readonly result: Address
}

export interface DeployedProofChain extends ProofChainAddresses {
  /** No log of these contracts is older, unless this went on with a deployment that was cut off. */
  readonly deployedAtBlock: bigint
}

const STAKE = 10n ** 22n
const COMMISSION = 10n ** 17n
const SUBMISSIONS_EACH = 3n
const CALL_GAS = 400_000n
const CREATION_GAS = 5_000_000n
const RECEIPT_MS = 60_000

/** Where the contracts come to when the deployer's next nonce is `nonce`. */
export const proofChainAddresses = (deployer: Address, nonce: bigint): ProofChainAddresses => ({
  staking: getContractAddress({ from: deployer, nonce }),
  specimen: getContractAddress({ from: deployer, nonce: nonce + 1n }),
  result: getContractAddress({ from: deployer, nonce: nonce + 2n }),
})

/**
 * Deploys everything and waits until it is mined: one block where the chain mines in intervals. The last transaction
 * enrols the last operator with the results' contract. Throws DeploymentFailedError when a transaction reverts.
 */
export async function deployProofChain(deployment: ProofChainDeployment): Promise<DeployedProofChain> {
  const { rpcUrl, deployer } = deployment
  const transport = http(rpcUrl)
  const chain = createPublicClient({ transport, cacheTime: 0 })
  const wallet = createWalletClient({ account: deployer, transport })
  let nonce = await chain.getTransactionCount({ address: deployer.address, blockTag: 'pending' })
  const firstNonce = deployment.firstNonce ?? nonce
  const contracts = proofChainAddresses(deployer.address, BigInt(firstNonce))
  const gasPrice = (await chain.getGasPrice()) * 2n
  const hashes: Hex[] = []
  // nonces, gas and price of our own: nothing waits for another to be mined
  for (const { to, data } of steps(deployment, contracts).slice(nonce - firstNonce)) {
    const gas = to === null ? CREATION_GAS : CALL_GAS
    hashes.push(await wallet.sendTransaction({ chain: null, to, data, gas, gasPrice, nonce: nonce++ }))
  }
  const receipts = await Promise.all(hashes.map(hash => receiptOf(chain, hash, RECEIPT_MS)))
  const reverted = receipts.find(receipt => receipt.status !== 'success')
  if (reverted) {
    const facts = { transaction: reverted.transactionHash }
    throw new DeploymentFailedError('the deployment of the proof chains was reverted on chain', { facts })
  }
  return { ...contracts, deployedAtBlock: receipts[0]?.blockNumber ?? 0n }
}

interface Step {
  /** Null creates a contract. */
  readonly to: Address | null
  readonly data: Hex
}

function steps(deployment: ProofChainDeployment, { staking, specimen, result }: ProofChainAddresses): readonly Step[] {
  const { specimen: specimenOf, result: resultOf } = deployment.code ?? GENERATIONS['2022']
  return [
    { to: null, data: stakingCode },
    { to: null, data: specimenOf },
    { to: null, data: resultOf },
    ...[specimen, result].map(one => ({
      to: staking,
      data: encodeFunctionData({ abi: stakingAbi, functionName: 'setManager', args: [one, true] }),
    })),
    // the names that both share are taken from the specimens' ABI
    ...[specimen, result].flatMap(one => common(deployment, staking).map(data => ({ to: one, data }))),
    ...deployment.operators.flatMap((operator, id) => validator(BigInt(id), operator, { staking, specimen })),
    ...terms(deployment, { specimen, result }),
    ...deployment.operators.flatMap((operator, id) => enrolment(BigInt(id), operator, { specimen, result })),
  ]
}

function common({ deployer, sourceChains, minSubmissions = 2n }: ProofChainDeployment, staking: Address): Hex[] {
  const abi = specimenAbi
  return [
    encodeFunctionData({ abi, functionName: 'initialize', args: [deployer.address, staking] }),
    encodeFunctionData({ abi, functionName: 'addGovernor', args: [deployer.address] }),
    encodeFunctionData({ abi, functionName: 'setMinSubmissionsRequired', args: [minSubmissions] }),
    ...sourceChains.flatMap(({ id, nthBlock }) => [
      encodeFunctionData({ abi, functionName: 'setNthBlock', args: [id, nthBlock] }),
      encodeFunctionData({ abi, functionName: 'setMaxSubmissionsPerBlockHeight', args: [id, SUBMISSIONS_EACH] }),
    ]),
  ]
}

const validator = (id: bigint, account: Address, at: Pick<ProofChainAddresses, 'staking' | 'specimen'>): Step[] => [
  {
    to: at.specimen,
    data: encodeFunctionData({ abi: specimenAbi, functionName: 'addValidator', args: [account, COMMISSION] }),
  },
  { to: at.staking, data: encodeFunctionData({ abi: stakingAbi, functionName: 'stake', args: [id, STAKE] }) },
]

const terms = ({ sessionBlocks }: ProofChainDeployment, at: Omit<ProofChainAddresses, 'staking'>): Step[] => [
  {
    to: at.specimen,
    data: encodeFunctionData({
      abi: specimenAbi,
      functionName: 'setBlockSpecimenSessionDuration',
      args: [sessionBlocks],
    }),
  },
  {
    to: at.result,
    data: encodeFunctionData({ abi: resultAbi, functionName: 'setBlockResultSessionDuration', args: [sessionBlocks] }),
  },
]

const enrolment = (id: bigint, operator: Address, at: Omit<ProofChainAddresses, 'staking'>): Step[] => [
  {
    to: at.specimen,
    data: encodeFunctionData({ abi: specimenAbi, functionName: 'addBSPOperator', args: [operator, id] }),
  },
  {
    to: at.result,
    data: encodeFunctionData({ abi: resultAbi, functionName: 'addBRPOperator', args: [operator, id] }),
  },
]
