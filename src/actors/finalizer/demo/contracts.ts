/**
 * The proof chains on the demo's chain, at addresses that are known before they are deployed.
 */
import { createPublicClient, http, type Address, type LocalAccount, type PublicClient } from 'viem'
import { abi as resultAbi } from '../../../../contracts/artifacts/BlockResultProofChain.ts'
import {
  deployProofChain,
  proofChainAddresses,
  type ProofChainAddresses,
} from '../../../embedded/deploy-proof-chain.ts'
import { OperatorError } from '../../../errors.ts'
import { defineActor } from '../../kit/actor.ts'

/** Blocks from the first submission to the deadline: at a block a second one sees a session wait and be closed. */
const SESSION_BLOCKS = 20n

/** The chains whose blocks the demo's operators prove, every fifth one as on the real contracts. */
export const SOURCE_CHAINS = [1n, 56n] as const
export const NTH_BLOCK = 5n

export interface DemoDeploymentArgs {
  readonly rpcUrl: string
  readonly chainId: number
  readonly deployer: LocalAccount
  readonly operators: readonly Address[]
}

/** The chain that was given is none that the demo may use: another id, or other transactions of the deployer. */
export class DemoProofChainUsedError extends OperatorError {
  readonly code = 'FIN_020'
  readonly severity = 'fatal'
  readonly hint =
    'Give a fresh development chain with id 31337, or leave [chains.local] out and the demo brings its own.'
}

/** The chain that was given does not answer. */
export class DemoProofChainAwayError extends OperatorError {
  readonly code = 'FIN_021'
  readonly severity = 'transient'
  readonly hint =
    'Start the development chain that [chains.local] rpc names, or leave it out and the demo brings its own.'
}

/** Where the deployer's first transactions put the contracts. */
export const demoContracts = (deployer: Address): ProofChainAddresses => proofChainAddresses(deployer, 0n)

/** Deploys the contracts unless they are there; a deployment that was cut off is gone on with. */
export const demoDeployment = defineActor<DemoDeploymentArgs, { readonly type: 'look' }, null>({
  kind: 'finalizer/demo-deployment',
  async start({ rpcUrl, chainId, deployer, operators }, ctx) {
    const chain = createPublicClient({ transport: http(rpcUrl) })
    await rightChain(chain, chainId)
    const contracts = demoContracts(deployer.address)
    if (await isDeployed(chain, contracts.result, operators)) return null
    const sent = await chain.getTransactionCount({ address: deployer.address })
    if (sent > 0 && !(await hasCode(chain, contracts.staking)))
      throw new DemoProofChainUsedError(`${deployer.address} has made other transactions on this chain`)
    await deployProofChain({
      rpcUrl,
      deployer,
      operators,
      sourceChains: SOURCE_CHAINS.map(id => ({ id, nthBlock: NTH_BLOCK })),
      sessionBlocks: SESSION_BLOCKS,
      firstNonce: 0,
    })
    ctx.log.info('contracts deployed', { specimen: contracts.specimen, result: contracts.result })
    return null
  },
  receive: state => state,
})

/** The keys are known to everybody: nothing is sent before the chain has told that it is a development chain. */
async function rightChain(chain: PublicClient, expected: number): Promise<void> {
  const found = await chain.getChainId().catch((cause: unknown) => {
    throw new DemoProofChainAwayError('the given chain does not answer', { cause })
  })
  if (found === expected) return
  throw new DemoProofChainUsedError(`the given chain is ${found}, the demo runs on ${expected} only`)
}

/** The last step of a deployment enrols the last operator with the contract of results. */
async function isDeployed(chain: PublicClient, address: Address, operators: readonly Address[]): Promise<boolean> {
  const last = operators.at(-1)
  if (last === undefined || !(await hasCode(chain, address))) return false
  return chain.readContract({ address, abi: resultAbi, functionName: 'isEnabled', args: [last] })
}

async function hasCode(chain: PublicClient, address: Address): Promise<boolean> {
  const code = await chain.getCode({ address })
  return code !== undefined && code !== '0x'
}
