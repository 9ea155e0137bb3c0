/** The proof chains: sessions, quorum, the order of the answers, rewards, and the ABI that their predecessors speak. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { decodeEventLog, parseAbi, toEventSelector, toFunctionSelector, type Abi, type TransactionReceipt } from 'viem'
import { abi as resultAbi } from '../../contracts/artifacts/BlockResultProofChain.ts'
import { abi as resultQuorumAbi } from '../../contracts/artifacts/BlockResultQuorumChain.ts'
import { abi as specimenAbi } from '../../contracts/artifacts/BlockSpecimenProofChain.ts'
import { abi as specimenQuorumAbi } from '../../contracts/artifacts/BlockSpecimenQuorumChain.ts'
import { bytecode as oldResultCode, abi as oldResultAbi } from '../../contracts/artifacts/OldResultProofChain.ts'
import { bytecode as oldSpecimenCode, abi as oldSpecimenAbi } from '../../contracts/artifacts/OldSpecimenProofChain.ts'
import { abi as stakingAbi } from '../../contracts/artifacts/ProofStaking.ts'
import { GENERATIONS } from '../../src/embedded/deploy-proof-chain.ts'
import { useAnvil } from '../support/anvil.ts'
import {
  AUTO_IMPERSONATE,
  deployer,
  hashOf,
  operatorAt,
  proofChainKit,
  SOURCE_CHAIN,
  type Family,
  type ProofChainKit,
} from '../support/proof-chain.ts'
import { revertText } from './kit.ts'
import { fixturesOf } from '../support/fixtures.ts'

const { folder, there } = fixturesOf('finalizer')
const anvil = useAnvil(test, { args: AUTO_IMPERSONATE })
const families: readonly Family[] = ['specimen', 'result']

/** Everything that any of the contracts may say. */
const everyEvent: Abi = [
  ...specimenAbi,
  ...resultAbi,
  ...specimenQuorumAbi,
  ...resultQuorumAbi,
  ...oldSpecimenAbi,
  ...oldResultAbi,
  ...stakingAbi,
].filter(entry => entry.type === 'event')

interface Event {
  readonly name: string
  readonly args: Readonly<Record<string, unknown>>
}

function eventsOf({ logs }: TransactionReceipt): Event[] {
  return logs.map(({ data, topics }) => {
    const { eventName = '', args = {} } = decodeEventLog({ abi: everyEvent, data, topics })
    return { name: eventName, args }
  })
}

const fixture = async <T>(name: string): Promise<T> => JSON.parse(await readFile(join(folder, name), 'utf8')) as T // as the README beside it says

/** The text with which closing a session is refused in the next block, or in a later one. */
const refusal = (
  t: ExecutionContext,
  kit: ProofChainKit,
  family: Family,
  height: bigint,
  number?: bigint,
): Promise<string> => {
  const block = number === undefined ? { blockTag: 'pending' } : { blockOverrides: { number } }
  return revertText(t, kit.chain.simulateContract({ ...kit.finalizing(family, height), ...block } as never)) // a union of two calls
}

async function opened(kit: ProofChainKit, family: Family, height: bigint, operators = kit.operators): Promise<bigint> {
  for (const operator of operators) await kit.submit(family, { operator, height })
  return (await kit.head()) + 11n
}

for (const family of families) {
  test.serial(`the answers for a ${family} session come in the order of the reference`, async t => {
    const kit = await proofChainKit((await anvil()).rpcUrl, 2)
    t.is(await refusal(t, kit, family, 7n), 'Session not started')
    const late = await opened(kit, family, 7n)
    t.is(await refusal(t, kit, family, 7n), 'Session not past deadline')
    await kit.nextBlockIs(late)
    t.is((await kit.finalize(family, 7n)).status, 'success')
    t.is(await refusal(t, kit, family, 7n), 'Session cannot be finalized')
    t.is((await kit.submit(family, { operator: operatorAt(0), height: 7n })).status, 'reverted')
  })

  test.serial(`the agreed ${family} hash is rewarded by stake, and both validators have it`, async t => {
    const kit = await proofChainKit((await anvil()).rpcUrl, 3)
    const { submit, operators, contracts } = kit
    await kit.mined(
      kit.wallet.writeContract({
        account: deployer,
        address: contracts.staking,
        abi: stakingAbi,
        functionName: 'stake',
        args: [1n, 2n * 10n ** 22n],
      }),
    )
    for (const [index, operator] of operators.entries())
      await submit(family, { operator, height: 5n, proofHash: hashOf(index === 2 ? 'other' : 'agreed') })
    await kit.nextBlockIs((await kit.head()) + 11n)
    const events = eventsOf(await kit.finalize(family, 5n))
    const [first, second, award] = events
    t.is(events.length, 3)
    const allocation = 10n ** 14n
    t.like([first, second], [
      { name: 'Rewarded', args: { validatorId: 0n, amount: allocation / 4n } },
      { name: 'Rewarded', args: { validatorId: 1n, amount: (allocation * 3n) / 4n } },
    ]) // prettier-ignore
    t.is(award?.name, family === 'specimen' ? 'BlockSpecimenRewardAwarded' : 'BlockResultRewardAwarded')
    t.like(award?.args, { chainId: SOURCE_CHAIN, blockHeight: 5n })
    t.is(Object.values(award?.args ?? {}).at(-1), hashOf('agreed'))
  })

  test.serial(`a ${family} session of the contracts of 2024 tells who agreed, with half as enough`, async t => {
    const kit = await proofChainKit((await anvil()).rpcUrl, 4, { code: GENERATIONS['2024'] })
    for (const [index, operator] of kit.operators.entries())
      await kit.submit(family, { operator, height: 5n, proofHash: hashOf(index % 2 === 0 ? 'even' : 'odd') })
    await kit.nextBlockIs((await kit.head()) + 11n)
    const [quorum, ...more] = eventsOf(await kit.finalize(family, 5n))
    t.deepEqual(more, [])
    t.is(quorum?.name, family === 'specimen' ? 'BlockSpecimenQuorum' : 'BlockResultQuorum')
    t.is(quorum?.args['validatorBitMap'], (1n << 255n) | (1n << 253n))
    t.is((await kit.finalize(family, 5n, '2022')).status, 'reverted')
  })

  test.serial(`an old ${family} contract says the same under its old names`, async t => {
    const code = { specimen: oldSpecimenCode, result: oldResultCode } as const
    const kit = await proofChainKit((await anvil()).rpcUrl, 2, { code })
    const prefix = family === 'specimen' ? 'BSP' : 'BRP'
    const start = eventsOf(await kit.submit(family, { operator: operatorAt(0), height: 9n }))
    t.is(start[0]?.name, `${prefix}SessionStarted`)
    await kit.nextBlockIs((await kit.head()) + 11n)
    const [end] = eventsOf(await kit.finalize(family, 9n, '2022'))
    t.deepEqual(end, { name: `${prefix}QuorumNotReached`, args: { chainId: SOURCE_CHAIN, blockHeight: 9n } })
  })

  test.serial(`an auditor awards a ${family} session that was closed without a quorum`, async t => {
    const kit = await proofChainKit((await anvil()).rpcUrl, 2)
    const late = await opened(kit, family, 3n, [operatorAt(0)])
    await kit.nextBlockIs(late)
    t.is(eventsOf(await kit.finalize(family, 3n))[0]?.name, 'QuorumNotReached')
    const address = kit.contracts[family]
    const auditing = parseAbi(['function addAuditor(address auditor)'])
    await kit.mined(
      kit.wallet.writeContract({
        account: deployer,
        address,
        abi: auditing,
        functionName: 'addAuditor',
        args: [operatorAt(5)],
      }),
    )
    await kit.tools.setBalance({ address: operatorAt(5), value: 10n ** 18n })
    const name = family === 'specimen' ? 'arbitrateBlockSpecimenSession' : 'arbitrateBlockResultSession'
    const abi = parseAbi([`function ${name}(uint64,uint64,bytes32,bytes32)`]) as Abi // made of one of two names
    const args = [SOURCE_CHAIN, 3n, hashOf('block'), hashOf('proof')]
    const call = { account: operatorAt(5), address, abi, functionName: name, args }
    const events = eventsOf(await kit.mined(kit.wallet.writeContract(call)))
    t.deepEqual(
      events.map(event => event.name),
      ['Rewarded', family === 'specimen' ? 'BlockSpecimenRewardAwarded' : 'BlockResultRewardAwarded'],
    )
  })
}

test.serial('what does not fit is refused: strangers, other chains and heights, too much', async t => {
  const kit = await proofChainKit((await anvil()).rpcUrl, 1, { sourceChains: [{ id: 1n, nthBlock: 5n }] })
  const [operator = operatorAt(0)] = kit.operators
  const wrong = (account: `0x${string}`, chainId: bigint, height: bigint, block = 'block'): Promise<string> =>
    revertText(
      t,
      kit.chain.simulateContract({
        account,
        address: kit.contracts.specimen,
        abi: specimenAbi,
        functionName: 'submitBlockSpecimenProof',
        args: [chainId, height, hashOf(block), hashOf('proof'), ''],
      }),
    )
  t.is(await wrong(operatorAt(9), 1n, 5n), 'Sender is not BLOCK_SPECIMEN_PRODUCER_ROLE')
  t.is(await wrong(operator, 2n, 5n), 'Invalid chain ID')
  t.is(await wrong(operator, 1n, 6n), 'Invalid block height')
  for (const blockHash of ['a', 'b', 'c'].map(hashOf)) await kit.submit('specimen', { operator, height: 5n, blockHash })
  t.is(await wrong(operator, 1n, 5n, 'd'), 'Max submissions limit exceeded')
  await kit.submit('specimen', { operator, height: 10n })
  t.is(await wrong(operator, 1n, 10n), 'Operator already submitted for the provided block hash')
  const isOpen = (height: bigint): Promise<boolean> =>
    kit.chain.readContract({
      address: kit.contracts.specimen,
      abi: specimenAbi,
      functionName: 'isSessionOpen',
      args: [1n, height, operator],
    })
  t.deepEqual(await Promise.all([isOpen(5n), isOpen(10n), isOpen(15n)]), [false, true, true])
})

interface Steps {
  readonly cases: readonly {
    readonly id: string
    readonly sessionDurationBlocks: number
    readonly steps: readonly { readonly block: number; readonly action: string; readonly expected: string }[]
  }[]
}

interface Quorums {
  readonly cases: readonly {
    readonly id: string
    readonly minSubmissions: number
    readonly quorum: string
    readonly submissions: readonly {
      readonly blockHash: string
      readonly hashes: readonly { readonly hash: string; readonly participants: number }[]
    }[]
    readonly expected: { readonly event: string; readonly blockHash?: string; readonly hash?: string }
    readonly newerContractReachesQuorum: boolean
  }[]
}

const FAR = 1000
const withFixtures = there ? test.serial : test.skip

withFixtures('the life of a session is as in the fixtures', async t => {
  for (const { id, sessionDurationBlocks, steps } of (await fixture<Steps>('session-lifecycle.json')).cases) {
    for (const family of families) {
      const kit = await proofChainKit((await anvil()).rpcUrl, 2, { sessionBlocks: BigInt(sessionDurationBlocks) })
      const base = await kit.head()
      let submitted = 0
      for (const { block, action, expected } of steps) {
        const number = base + BigInt(block)
        const refused = expected.startsWith('revert: ') ? expected.slice('revert: '.length) : null
        if (action === 'finalize' && refused !== null) t.is(await refusal(t, kit, family, 1n, number), refused, id)
        if (block > FAR) continue // asked, as if it were so late; mining that many blocks takes a minute
        await kit.nextBlockIs(number)
        const receipt =
          action === 'finalize'
            ? await kit.finalize(family, 1n)
            : await kit.submit(family, { operator: operatorAt(submitted++), height: 1n })
        t.is(receipt.blockNumber, number)
        t.is(receipt.status, refused === null ? 'success' : 'reverted', `${id} at ${block}`)
      }
    }
  }
})

withFixtures('quorum and agreed hash are as in the fixtures, for both generations', async t => {
  const { cases } = await fixture<Quorums>('quorum-model.json')
  const { rpcUrl } = await anvil()
  const [older, newer] = [
    await proofChainKit(rpcUrl, 10),
    await proofChainKit(rpcUrl, 10, { code: GENERATIONS['2024'] }),
  ]
  for (const [height, one] of cases.entries()) {
    for (const family of families) {
      const first = await closing(older, family, BigInt(height), one)
      const agreed = [one.expected.blockHash, one.expected.hash].map(name => (name === undefined ? name : hashOf(name)))
      if (one.expected.event === 'QuorumNotReached') t.is(first?.name, 'QuorumNotReached', one.id)
      else {
        t.regex(first?.name ?? '', /RewardAwarded$/, one.id)
        t.deepEqual(Object.values(first?.args ?? {}).slice(2), agreed, one.id)
      }
    }
    const second = await closing(newer, height % 2 === 0 ? 'specimen' : 'result', BigInt(height), one)
    t.is(second?.name !== 'QuorumNotReached', one.newerContractReachesQuorum, one.id)
  }
})

/** The event with which a session of these submissions is closed. */
async function closing(
  kit: ProofChainKit,
  family: Family,
  height: bigint,
  { minSubmissions, quorum, submissions }: Quorums['cases'][number],
): Promise<Event | undefined> {
  const account = deployer
  const address = kit.contracts[family]
  for (const [functionName, value] of [
    ['setMinSubmissionsRequired', BigInt(minSubmissions)],
    ['setQuorumThreshold', BigInt(quorum)],
  ] as const) {
    const abi = parseAbi(['function setMinSubmissionsRequired(uint64)', 'function setQuorumThreshold(uint256)'])
    await kit.mined(kit.wallet.writeContract({ account, address, abi, functionName, args: [value] }))
  }
  const free = [...kit.operators]
  for (const { blockHash, hashes } of submissions)
    for (const { hash, participants } of hashes)
      for (const operator of free.splice(0, participants))
        await kit.submit(family, { operator, height, blockHash: hashOf(blockHash), proofHash: hashOf(hash) })
  await kit.nextBlockIs((await kit.head()) + 12n)
  return eventsOf(await kit.finalize(family, height)).at(-1)
}

interface Entry {
  readonly type: string
  readonly name: string
  readonly stateMutability?: string
  readonly inputs: readonly { readonly type: string; readonly name: string; readonly indexed?: boolean }[]
  readonly outputs?: readonly { readonly type: string }[]
}

withFixtures('every function and event of the published ABIs is there, with the same types and topics', async t => {
  const shape = ({ type, name, stateMutability, inputs, outputs }: Entry): string =>
    JSON.stringify({
      type,
      name,
      stateMutability,
      inputs: inputs.map(input => [input.type, input.indexed ?? false, type === 'event' ? input.name : '']),
      outputs: outputs?.map(output => output.type),
    })
  const ours = { BlockSpecimenProofChain: specimenAbi, BlockResultProofChain: resultAbi }
  for (const [name, abi] of Object.entries(ours)) {
    const published = await fixture<readonly Entry[]>(`abi/${name}.json`)
    const there = new Set((abi as unknown as readonly Entry[]).map(entry => ('inputs' in entry ? shape(entry) : ''))) // ABIs are of this shape
    t.deepEqual(
      published.filter(entry => !there.has(shape(entry))).map(entry => entry.name),
      [],
    )
  }
})

withFixtures('topics and selectors are those of the published signatures', async t => {
  const signatures = await fixture<{
    readonly events: Readonly<Record<string, { readonly topic0: string }>>
    readonly functions: Readonly<Record<string, string>>
  }>('signatures.json')
  const topics = new Map(everyEvent.flatMap(entry => (entry.type === 'event' ? [[entry.name, toEventSelector(entry)]] : []))) // prettier-ignore
  for (const [name, { topic0 }] of Object.entries(signatures.events)) t.is(topics.get(name), topic0 as `0x${string}`, name) // prettier-ignore
  const every: Abi = [...specimenAbi, ...resultAbi, ...specimenQuorumAbi, ...resultQuorumAbi]
  const selectors = new Set(every.flatMap(entry => (entry.type === 'function' ? [toFunctionSelector(entry)] : [])))
  for (const [name, selector] of Object.entries(signatures.functions))
    if (name !== 'Error(string)') t.true(selectors.has(selector as `0x${string}`), name)
})
