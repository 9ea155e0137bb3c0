/**
 * The rollup on the demo's chain, at addresses that are known before it is deployed.
 */
import { createPublicClient, createTestClient, getContractAddress, http, type Address, type LocalAccount } from 'viem'
import type { PublicClient } from 'viem'
import { defineActor } from '../../kit/actor.ts'
import { deployRollup } from '../../../embedded/deploy.ts'
import { OperatorError } from '../../../errors.ts'
import { auctionAbi } from '../contracts.ts'

/** An L1 queue may hold 128 transactions; a smaller circuit could not forge a full one. */
export const DEMO_CIRCUIT = { maxTx: 128, nLevels: 32 }

export interface DemoDeploymentArgs {
  readonly rpcUrl: string
  readonly chainId: number
  /** Whether the chain is the demo's own and may begin anew. */
  readonly ownChain: boolean
  readonly deployer: LocalAccount
  readonly forger: Address
}

/** Where the deployer's first transactions put the contracts (see deployRollup). */
export const demoContracts = (deployer: Address): { readonly rollup: Address; readonly auction: Address } => ({
  rollup: getContractAddress({ from: deployer, nonce: 0n }),
  auction: getContractAddress({ from: deployer, nonce: 1n }),
})

/** The chain that was given is none that the demo may use: another id, or other transactions of the deployer. */
export class DemoChainUsedError extends OperatorError {
  readonly code = 'FRG_020'
  readonly severity = 'fatal'
  readonly hint =
    'Give a fresh development chain with id 31337, or leave [chains.local] out and the demo brings its own.'
}

/** The chain that was given does not answer. */
export class DemoChainAwayError extends OperatorError {
  readonly code = 'FRG_021'
  readonly severity = 'transient'
  readonly hint =
    'Start the development chain that [chains.local] rpc names, or leave it out and the demo brings its own.'
}

/**
 * Deploys the contracts unless they are there. On the demo's own chain a deployment that was cut off is thrown away with
 * the chain; a given one is left alone (DemoChainUsedError).
 */
export const demoDeployment = defineActor<DemoDeploymentArgs, { readonly type: 'look' }, null>({
  kind: 'forger/demo-deployment',
  async start({ rpcUrl, chainId, ownChain, deployer, forger }, ctx) {
    const transport = http(rpcUrl)
    const chain = createPublicClient({ transport })
    const expected = demoContracts(deployer.address)
    await rightChain(chain, chainId)
    if (await isDeployed(chain, expected.auction)) return null
    if ((await chain.getTransactionCount({ address: deployer.address })) > 0) {
      if (!ownChain) throw new DemoChainUsedError(`${deployer.address} has made other transactions on this chain`)
      ctx.log.warn('the demo chain is incomplete: it begins anew')
      await createTestClient({ mode: 'anvil', transport }).reset()
    }
    const deployed = await deployRollup({
      rpcUrl,
      deployer,
      verifiers: [DEMO_CIRCUIT],
      blocksPerSlot: 40,
      slotDeadline: 20,
      forgeL1L2BatchTimeout: 10,
      bootCoordinator: forger,
      bootCoordinatorUrl: 'http://127.0.0.1',
      genesisOffset: 3,
    })
    if (deployed.rollup.toLowerCase() !== expected.rollup.toLowerCase()) {
      throw new Error(`the rollup came to ${deployed.rollup}, expected at ${expected.rollup}`)
    }
    ctx.log.info('contracts deployed', { rollup: deployed.rollup, auction: deployed.auction })
    return null
  },
  receive: state => state,
})

/** The keys are known to everybody: nothing is sent before the chain has told that it is a development chain. */
async function rightChain(chain: PublicClient, expected: number): Promise<void> {
  const found = await chain.getChainId().catch((cause: unknown) => {
    throw new DemoChainAwayError('the given chain does not answer', { cause })
  })
  if (found !== expected) throw new DemoChainUsedError(`the given chain is ${found}, the demo runs on ${expected} only`)
}

async function isDeployed(chain: PublicClient, auction: Address): Promise<boolean> {
  const code = await chain.getCode({ address: auction })
  if (code === undefined || code === '0x') return false
  return (await chain.readContract({ address: auction, abi: auctionAbi, functionName: 'genesisBlock' })) > 0n
}
