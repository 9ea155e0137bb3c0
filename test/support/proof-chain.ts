/** Both proof chains on a test's anvil, and operators that submit: accounts of anvil's mnemonic, paid by nobody in earnest. */
import {
  createPublicClient,
  createTestClient,
  createWalletClient,
  encodeFunctionData,
  numberToHex,
  parseAbi,
  parseEther,
  type Abi,
  type Address,
  type Hex,
  type TransactionReceipt,
} from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { foundry } from 'viem/chains'
import { abi as resultAbi } from '../../contracts/artifacts/BlockResultProofChain.ts'
import { abi as specimenAbi } from '../../contracts/artifacts/BlockSpecimenProofChain.ts'
import { deployProofChain, type ProofChainDeployment } from '../../src/embedded/deploy-proof-chain.ts'
import { receiptOf } from '../../src/embedded/receipt.ts'
import { TEST_KEYS, toNode } from './anvil.ts'
import { PATIENCE_MS } from './patience.ts'

export type Family = 'specimen' | 'result'
export type ProofChainKit = Awaited<ReturnType<typeof proofChainKit>>

/** Pays and governs; nobody else's transactions are of this account. */
export const deployer = privateKeyToAccount(TEST_KEYS[0])
export const SOURCE_CHAIN = 1n

/** An operator for tests: `start` anvil with AUTO_IMPERSONATE, then it may send without a key. */
export const operatorAt = (index: number): Address => numberToHex(0xa000_0000n + BigInt(index), { size: 20 })
/** Enough for a test chain, so that nothing is asked before it is sent. */
const GAS_PRICE = 10n ** 10n
/** A node needs its time for more blocks. */
const MOST_AT_ONCE = 100
export const AUTO_IMPERSONATE = ['--auto-impersonate'] as const

/** The hash that a name stands for. */
export const hashOf = (name: string): Hex => `0x${Buffer.from(name).toString('hex').padEnd(64, '0')}`

const finalizeAbi = {
  specimen: parseAbi([
    'function finalizeAndRewardSpecimenSession(uint64 chainId, uint64 blockHeight)',
    'function finalizeSpecimenSession(uint64 chainId, uint64 blockHeight)',
  ]),
  result: parseAbi([
    'function finalizeAndRewardResultSession(uint64 chainId, uint64 blockHeight)',
    'function finalizeResultSession(uint64 chainId, uint64 blockHeight)',
  ]),
}

export interface Submission {
  readonly operator: Address
  readonly height: bigint
  readonly blockHash?: Hex
  readonly proofHash?: Hex
  readonly chainId?: bigint
}

/** Contracts of their own on the anvil at `rpcUrl`, with so many operators. */
export async function proofChainKit(rpcUrl: string, operators: number, options: Partial<ProofChainDeployment> = {}) {
  const transport = toNode(rpcUrl)
  const chain = createPublicClient({ chain: foundry, transport, cacheTime: 0 })
  const wallet = createWalletClient({ chain: foundry, transport })
  const tools = createTestClient({ mode: 'anvil', chain: foundry, transport })
  const members = Array.from({ length: operators }, (_, index) => operatorAt(index))
  for (const address of members) await tools.setBalance({ address, value: parseEther('100') })
  const contracts = await deployProofChain({
    rpcUrl,
    deployer,
    operators: members,
    sourceChains: [{ id: SOURCE_CHAIN, nthBlock: 1n }],
    sessionBlocks: 10n,
    ...options,
  })
  const newer = options.code !== undefined
  const mined = async (hash: Promise<Hex>): Promise<TransactionReceipt> => receiptOf(chain, await hash, PATIENCE_MS)
  const head = (): Promise<bigint> => chain.getBlockNumber()

  /** Sends without asking the node for an estimate, so that what reverts is mined. */
  const submit = (family: Family, one: Submission): Promise<TransactionReceipt> => {
    const { operator, height, chainId = SOURCE_CHAIN, blockHash = hashOf('block'), proofHash = hashOf('proof') } = one
    const args = [chainId, height, blockHash, proofHash, 'ipfs://somewhere'] as const
    const shared = { account: operator, args, chain: null, gas: 1_000_000n, gasPrice: GAS_PRICE }
    return mined(
      family === 'specimen'
        ? wallet.writeContract({
            ...shared,
            address: contracts.specimen,
            abi: specimenAbi,
            functionName: 'submitBlockSpecimenProof',
          })
        : wallet.writeContract({
            ...shared,
            address: contracts.result,
            abi: resultAbi,
            functionName: 'submitBlockResultProof',
          }),
    )
  }

  /** The call that closes a session, of the generation that was deployed unless said. */
  const finalizing = (family: Family, height: bigint, generation: '2022' | '2024' = newer ? '2024' : '2022') =>
    family === 'specimen'
      ? ({
          address: contracts.specimen,
          abi: finalizeAbi.specimen,
          functionName: generation === '2024' ? 'finalizeSpecimenSession' : 'finalizeAndRewardSpecimenSession',
          args: [SOURCE_CHAIN, height],
          account: deployer.address,
        } as const)
      : ({
          address: contracts.result,
          abi: finalizeAbi.result,
          functionName: generation === '2024' ? 'finalizeResultSession' : 'finalizeAndRewardResultSession',
          args: [SOURCE_CHAIN, height],
          account: deployer.address,
        } as const)

  return {
    rpcUrl,
    contracts,
    chain,
    wallet,
    tools,
    operators: members,
    head,
    mined,
    submit,
    finalizing,
    /** Closes a session, or not: the receipt tells. */
    finalize: (family: Family, height: bigint, generation?: '2022' | '2024'): Promise<TransactionReceipt> => {
      const { address: to, account, ...call } = finalizing(family, height, generation)
      const abi: Abi = call.abi
      const data = encodeFunctionData({ ...call, abi })
      return mined(wallet.sendTransaction({ account, to, data, chain: null, gas: 1_000_000n, gasPrice: GAS_PRICE }))
    },
    /** Mines until the next transaction is in block `number`. */
    nextBlockIs: async (number: bigint): Promise<void> => {
      for (let left = Number(number - (await head()) - 1n); left > 0; left -= MOST_AT_ONCE)
        await tools.mine({ blocks: Math.min(left, MOST_AT_ONCE) })
    },
  }
}
