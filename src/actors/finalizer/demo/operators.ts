/**
 * Two operators who prove blocks of two chains, from accounts of their own, as the ones whose sessions are closed here.
 */
import {
  createPublicClient,
  createWalletClient,
  encodeFunctionData,
  http,
  type LocalAccount,
  type PublicClient,
} from 'viem'
import { abi as resultAbi } from '../../../../contracts/artifacts/BlockResultProofChain.ts'
import { abi as specimenAbi } from '../../../../contracts/artifacts/BlockSpecimenProofChain.ts'
import type { ProofChainAddresses } from '../../../embedded/deploy-proof-chain.ts'
import { defineActor, type Context } from '../../kit/actor.ts'
import { submissionsAt, type Submission } from './plan.ts'

export interface DemoOperatorsArgs {
  readonly rpcUrl: string
  readonly contracts: ProofChainAddresses
  readonly operators: readonly [LocalAccount, LocalAccount]
}

interface State {
  readonly args: DemoOperatorsArgs
  readonly chain: PublicClient
  /** The block up to which everything was submitted; null until the chain answered. */
  done: number | null
}

type Message = { readonly type: 'tick' }

const LOOK_MS = 500
/** Blocks that are made up for after a pause; what is older is left. */
const CATCH_UP = 30
const GAS = 600_000n

export const demoOperators = defineActor<DemoOperatorsArgs, Message, State>({
  kind: 'finalizer/demo-operators',
  mailbox: { capacity: 4, overflow: 'coalesce' },
  start(args, ctx) {
    ctx.every(LOOK_MS, { type: 'tick' })
    return { args, chain: createPublicClient({ transport: http(args.rpcUrl), cacheTime: 0 }), done: null }
  },
  async receive(state, _, ctx) {
    try {
      await act(state, ctx)
    } catch (error) {
      ctx.signal.throwIfAborted()
      ctx.log.debug('an operator could not submit', { because: String(error) }) // it tries again, that is all it does
    }
    return state
  },
})

async function act(state: State, ctx: Context<Message>): Promise<void> {
  const head = Number(await state.chain.getBlockNumber())
  const first = Math.max(state.done === null ? 0 : state.done + 1, head - CATCH_UP)
  for (let block = first; block <= head; block += 1) {
    for (const one of submissionsAt(block)) await submit(state, one, ctx)
    state.done = block
  }
}

/** What is refused was submitted before a restart, or is too late. */
async function submit({ args, chain }: State, one: Submission, ctx: Context<Message>): Promise<void> {
  const { chainId, height, subject, proof } = one
  const account = args.operators[one.operator]
  const values = [chainId, height, subject, proof, `ipfs://demo/${chainId}-${height}-${one.family}`] as const
  const data =
    one.family === 'specimen'
      ? encodeFunctionData({ abi: specimenAbi, functionName: 'submitBlockSpecimenProof', args: values })
      : encodeFunctionData({ abi: resultAbi, functionName: 'submitBlockResultProof', args: values })
  const call = { to: args.contracts[one.family], data }
  try {
    await chain.call({ ...call, account, blockTag: 'pending' })
  } catch (error) {
    return ctx.log.debug('a submission was refused', { because: String(error) })
  }
  const wallet = createWalletClient({ account, transport: http(args.rpcUrl) })
  await wallet.sendTransaction({ ...call, chain: null, gas: GAS })
}
