/**
 * The contract's rules, on the contracts themselves: each case on a session of its own on a local chain. The count that
 * people are shown beforehand is held against the contract's.
 */
import { Type } from 'typebox'
import { decodeProofLog } from '../../../src/actors/finalizer/contracts.ts'
import { count, type Group } from '../../../src/actors/finalizer/quorum.ts'
import { classifyRevert } from '../../../src/actors/finalizer/revert.ts'
import { trialOf } from '../../../src/actors/finalizer/dry-run.ts'
import { startAnvil } from '../../../src/embedded/anvil.ts'
import { GENERATIONS } from '../../../src/embedded/deploy-proof-chain.ts'
import { silentLog } from '../../../src/log.ts'
import {
  AUTO_IMPERSONATE,
  deployer,
  hashOf,
  operatorAt,
  proofChainKit,
  type ProofChainKit,
} from '../../../test/support/proof-chain.ts'
import { abi as specimenAbi } from '../../../contracts/artifacts/BlockSpecimenProofChain.ts'
import type { CaseOutcome } from '../index.ts'
import { Decimal, difference, eachCase, type CaseFile } from './case-files.ts'

const Lifecycle = Type.Object({
  sessionDurationBlocks: Type.Integer({ minimum: 1 }),
  steps: Type.Array(
    Type.Object({
      block: Type.Integer({ minimum: 0 }),
      action: Type.Union([Type.Literal('submit'), Type.Literal('finalize')]),
      expected: Type.String(),
    }),
    { minItems: 1 },
  ),
})

const CHAIN_ID = 31_337

async function* onChain(replay: (rpcUrl: string) => AsyncIterable<CaseOutcome>): AsyncIterable<CaseOutcome> {
  const anvil = await startAnvil({ chainId: CHAIN_ID, log: silentLog, args: [...AUTO_IMPERSONATE] })
  try {
    yield* replay(anvil.rpcUrl)
  } finally {
    await anvil.stop(2_000)
  }
}

export const sessionLifecycle = (file: CaseFile): AsyncIterable<CaseOutcome> =>
  onChain(rpcUrl =>
    eachCase(file, Lifecycle, async ({ sessionDurationBlocks, steps }) => {
      const kit = await proofChainKit(rpcUrl, steps.length, { sessionBlocks: BigInt(sessionDurationBlocks) })
      const offset = (await kit.head()) + 1n - BigInt(steps[0]?.block ?? 0)
      const found: object[] = []
      for (const [at, { block, action }] of steps.entries()) {
        await kit.nextBlockIs(offset + BigInt(block))
        const { answer, minedIn } = await act(kit, action, at)
        found.push({ block: Number(minedIn - offset), answer })
      }
      const wanted = steps.map(({ block, expected }) => ({ block, answer: expected }))
      return difference(found, wanted)
    }),
  )

const HEIGHT = 100n

interface Act {
  /** What the contract did with it, in the words of the cases. */
  readonly answer: string
  readonly minedIn: bigint
}

async function act(kit: ProofChainKit, action: 'submit' | 'finalize', at: number): Promise<Act> {
  const receipt =
    action === 'submit'
      ? await kit.submit('specimen', { operator: operatorAt(at), height: HEIGHT })
      : await kit.finalize('specimen', HEIGHT)
  const minedIn = receipt.blockNumber
  if (receipt.status === 'success') return { answer: action === 'submit' ? 'ok' : 'finalized', minedIn }
  return { answer: `revert: ${await reasonOf(kit, action, at, minedIn)}`, minedIn }
}

/** Asked again on the state the transaction met, as the finalizer asks. */
async function reasonOf(kit: ProofChainKit, action: string, at: number, block: bigint): Promise<string> {
  const call =
    action === 'finalize'
      ? kit.finalizing('specimen', HEIGHT)
      : {
          address: kit.contracts.specimen,
          abi: specimenAbi,
          functionName: 'submitBlockSpecimenProof' as const,
          args: [1n, HEIGHT, hashOf('block'), hashOf('proof'), 'ipfs://somewhere'] as const,
          account: operatorAt(at),
        }
  try {
    await kit.chain.simulateContract({ ...call, blockNumber: block } as never) // one of the two calls above
    return 'nothing'
  } catch (error) {
    const trial = trialOf(error)
    const said = trial.does === 'revert' ? (trial.reason ?? 'nothing') : trial.because
    return action === 'finalize' && classifyRevert(said) === 'unknownRevert' ? `an answer nobody knows: ${said}` : said
  }
}

/** Each participant is an account of its own on the local chain. */
const MOST_OPERATORS = 200

const Quorum = Type.Object({
  minSubmissions: Type.Integer({ minimum: 0 }),
  quorum: Decimal,
  submissions: Type.Array(
    Type.Object({
      blockHash: Type.String(),
      hashes: Type.Array(
        Type.Object({ hash: Type.String(), participants: Type.Integer({ minimum: 1, maximum: MOST_OPERATORS }) }),
      ),
    }),
  ),
  expected: Type.Object({
    event: Type.Union([Type.Literal('RewardAwarded'), Type.Literal('QuorumNotReached')]),
    blockHash: Type.Optional(Type.String()),
    hash: Type.Optional(Type.String()),
  }),
  newerContractReachesQuorum: Type.Boolean(),
})

export const quorumModel = (file: CaseFile): AsyncIterable<CaseOutcome> =>
  onChain(rpcUrl =>
    eachCase(file, Quorum, async ({ minSubmissions, quorum, submissions, expected, newerContractReachesQuorum }) => {
      const groups = submissions.flatMap(({ blockHash, hashes }) =>
        hashes.map(({ hash, participants }) => ({ blockHash, hash, participants })),
      )
      const rules = { minSubmissions, quorum: BigInt(quorum) }
      const older = count(groups, { ...rules, inclusive: false })
      const newer = count(groups, { ...rules, inclusive: true })
      const wanted = expected.event === 'RewardAwarded' ? ending(true, expected.blockHash, expected.hash) : 'no-quorum'
      const shown = [ending(older.reached, older.leading?.blockHash, older.leading?.hash), newer.reached]
      const first = await close(rpcUrl, groups, rules, '2022')
      const done = [first, (await close(rpcUrl, groups, rules, '2024')) !== 'no-quorum']
      const want = [wanted, newerContractReachesQuorum]
      return difference({ shown, done }, { shown: want, done: want })
    }),
  )

const ending = (reached: boolean, blockHash = '', hash = ''): string =>
  reached ? `${hashOf(blockHash)} ${hashOf(hash)}` : 'no-quorum'

/** Submits as the case says and closes; answers what the closing event says. */
async function close(
  rpcUrl: string,
  groups: readonly Group[],
  { minSubmissions, quorum }: { readonly minSubmissions: number; readonly quorum: bigint },
  generation: '2022' | '2024',
): Promise<string> {
  const operators = groups.reduce((sum, { participants }) => sum + participants, 0)
  const kit = await proofChainKit(rpcUrl, operators, {
    sessionBlocks: BigInt(operators + 5),
    minSubmissions: BigInt(minSubmissions),
    ...(generation === '2024' && { code: GENERATIONS['2024'] }),
  })
  const { specimen } = kit.contracts
  const setting = { address: specimen, abi: specimenAbi, functionName: 'setQuorumThreshold', args: [quorum] } as const
  await kit.mined(kit.wallet.writeContract({ ...setting, account: deployer, chain: null }))
  let next = 0
  for (const { blockHash, hash, participants } of groups) {
    for (let left = participants; left > 0; left -= 1) {
      const one = {
        operator: operatorAt(next++),
        height: HEIGHT,
        blockHash: hashOf(blockHash),
        proofHash: hashOf(hash),
      }
      const receipt = await kit.submit('specimen', one)
      if (receipt.status !== 'success') throw new Error(`submission ${next} was refused`)
    }
  }
  await kit.nextBlockIs((await kit.head()) + BigInt(operators + 10))
  const receipt = await kit.finalize('specimen', HEIGHT)
  const closing = receipt.logs.map(log => decodeProofLog(log)).find(event => event?.is === 'closed')
  if (closing?.is !== 'closed') throw new Error('it was not closed')
  return closing.outcome === 'no-quorum' ? 'no-quorum' : `${closing.blockHash} ${closing.agreedHash}`
}
