/**
 * What goes over the wire: logs to facts, sessions to call data, names to topics and selectors, networks to contracts.
 */
import { toEventSelector, toFunctionSelector, type AbiEvent, type AbiFunction, type Hex as ViemHex } from 'viem'
import { Type, type Static } from 'typebox'
import {
  decodeProofLog,
  eventsAbi,
  finalizeCall,
  finalizeFunction,
  functionsAbi,
  GENERATIONS,
} from '../../../src/actors/finalizer/contracts.ts'
import { keyOf } from '../../../src/actors/finalizer/facts.ts'
import { NETWORKS } from '../../../src/actors/finalizer/networks.ts'
import { readLogs } from '../../../src/actors/finalizer/proof-source.ts'
import type { RawLog } from '../../../src/actors/chain/source.ts'
import { FAMILIES } from '../../../src/entities/finalizer/session.ts'
import type { CaseOutcome } from '../index.ts'
import { Address, Decimal, difference, eachCase, Hex, outcome, shaped, Word, type CaseFile } from './case-files.ts'

const Log = Type.Object({ address: Address, topics: Type.Array(Word, { maxItems: 4 }), data: Hex })
const Addresses = Type.Object({ addresses: Type.Object({ specimen: Address, result: Address }) })
const Fact = Type.Record(Type.String(), Type.Union([Type.String(), Type.Null()]))
const EventCase = Type.Object({ log: Log, expected: Type.Union([Type.Null(), Fact]) })

export function eventDecode(file: CaseFile): AsyncIterable<CaseOutcome> {
  const { addresses } = shaped(Addresses, file.data)
  return eachCase(file, EventCase, ({ log, expected }) => {
    const told = FAMILIES.flatMap(family => read(family, addresses[family], log))
    if (told.length > 1) return 'two families read the same log'
    return difference(told[0] ?? null, saysNothing(expected) ? null : expected)
  })
}

/** A log that is not ours is expected as nothing at all, or as something without a meaning for us. */
const saysNothing = (expected: Static<typeof Fact> | null): boolean =>
  expected === null || !['started', 'finalized', 'submitted'].includes(expected['meaning'] ?? '')

/** What the source of this family makes of the log, as a case says it; nothing when it is not of its contract. */
function read(
  family: 'specimen' | 'result',
  contract: string,
  { address, topics, data }: Static<typeof Log>,
): Record<string, string>[] {
  const log: RawLog = {
    address: address as ViemHex,
    topics: topics as ViemHex[],
    data: data as ViemHex,
    blockNumber: 1n,
    blockHash: `0x${'1'.repeat(64)}`,
    transactionHash: `0x${'2'.repeat(64)}`,
    logIndex: 0,
  }
  const facts = readLogs({ family, contract: contract as ViemHex, heightFloor: 0n }, [log], () => {})
  const event = decodeProofLog(log)?.event ?? ''
  const key = (fact: Parameters<typeof keyOf>[0]) => {
    const [of = '', chainId = '', blockHeight = ''] = keyOf(fact).split(' ')
    return { event, family: of, chainId, blockHeight }
  }
  return [
    ...facts.starts.map(start => ({ ...key(start), meaning: 'started', deadline: String(start.deadline) })),
    ...facts.closings.map(closing => ({
      ...key(closing),
      meaning: 'finalized',
      ...(closing.outcome !== null && { outcome: closing.outcome }),
      ...(closing.blockHash !== null && { blockHash: closing.blockHash }),
      ...(closing.agreedHash !== null && { agreedHash: closing.agreedHash }),
      ...(closing.validatorBitMap !== null && { validatorBitMap: String(closing.validatorBitMap) }),
    })),
    ...facts.submissions.map(one => ({ ...key(one), meaning: 'submitted', blockHash: one.blockHash, hash: one.hash })),
  ]
}

const CallData = Type.Object({
  function: Type.String(),
  chainId: Decimal,
  blockHeight: Decimal,
  expectedCallData: Hex,
})

const CALLS = FAMILIES.flatMap(family => GENERATIONS.map(generation => ({ family, generation })))

export const callData = (file: CaseFile): AsyncIterable<CaseOutcome> =>
  eachCase(file, CallData, ({ function: name, chainId, blockHeight, expectedCallData }) => {
    const call = CALLS.find(({ family, generation }) => finalizeFunction(family, generation) === name)
    if (call === undefined) return `${name} is not a function that is called`
    const session = { chainId: BigInt(chainId), blockHeight: BigInt(blockHeight) }
    return difference(finalizeCall(call.family, call.generation, session), expectedCallData.toLowerCase())
  })

const Signatures = Type.Object({
  events: Type.Record(Type.String(), Type.Object({ signature: Type.String(), topic0: Word })),
  functions: Type.Record(Type.String(), Hex),
})

export async function* signatures(file: CaseFile): AsyncIterable<CaseOutcome> {
  const { events, functions } = shaped(Signatures, file.data)
  for (const [name, { topic0 }] of Object.entries(events)) {
    const ours = eventsAbi.find(event => event.name === name)
    const topic = ours === undefined ? 'not known' : toEventSelector(ours)
    yield outcome(name, () => difference(topic, topic0.toLowerCase()))
  }
  for (const [signature, selector] of Object.entries(functions)) {
    yield outcome(signature, () => difference(selectorOf(signature), selector.toLowerCase()))
  }
}

/** Of the function in our ABI, where it is one we call; `Error(string)` is viem's own. */
function selectorOf(signature: string): string {
  const name = signature.slice(0, signature.indexOf('('))
  const ours = functionsAbi.find(item => item.name === name)
  return toFunctionSelector(ours ?? `function ${signature}`)
}

const Networks = Type.Object({
  networks: Type.Array(
    Type.Object({
      network: Type.String(),
      schema: Type.String(),
      family: Type.Union([Type.Literal('specimen'), Type.Literal('result')]),
      address: Address,
      blockIdFloorInclusive: Decimal,
      originHeightFloorExclusive: Type.Integer(),
      startedEvent: Type.String(),
      rewardEvent: Type.String(),
      noQuorumEvent: Type.String(),
      viewDefinedAs: Type.String(),
      viewReadByProgram: Type.String(),
    }),
    { minItems: 1 },
  ),
})

export async function* networks(file: CaseFile): AsyncIterable<CaseOutcome> {
  for (const one of shaped(Networks, file.data).networks) {
    yield outcome(`${one.network} ${one.family}`, () => {
      const known = NETWORKS.find(({ schema }) => schema === one.schema)?.contracts[one.family]
      if (known === undefined) return `the network of ${one.schema} is not known`
      const unread = [one.startedEvent, one.rewardEvent, one.noQuorumEvent].find(name =>
        eventsAbi.every(event => event.name !== name),
      )
      if (unread !== undefined) return `${unread} is not read`
      const missing = [one.viewDefinedAs, one.viewReadByProgram].find(view => !known.views.includes(view))
      if (missing !== undefined) return `the view ${missing} is not looked for`
      const facts = {
        address: known.address,
        blockIdFloorInclusive: String(known.blockIdFloor),
        originHeightFloorExclusive: Number(known.heightFloor),
      }
      const { address, blockIdFloorInclusive, originHeightFloorExclusive } = one
      return difference(facts, { address: address.toLowerCase(), blockIdFloorInclusive, originHeightFloorExclusive })
    })
  }
}

const Interface = Type.Array(
  Type.Object({
    type: Type.String(),
    name: Type.Optional(Type.String()),
    inputs: Type.Optional(Type.Array(Type.Unknown())),
  }),
  { minItems: 1 },
)

/** Whatever the interface has of what we use must be the same as ours, argument by argument. */
export async function* interfaceFile(file: CaseFile): AsyncIterable<CaseOutcome> {
  for (const item of shaped(Interface, file.data)) {
    const ours = [...eventsAbi, ...functionsAbi].find(({ name, type }) => name === item.name && type === item.type)
    if (ours === undefined) continue
    // an interface description is an ABI
    const theirs = item as unknown as AbiEvent & AbiFunction
    const selector = (of: AbiEvent | AbiFunction): string =>
      of.type === 'event' ? toEventSelector(of) : toFunctionSelector(of)
    yield outcome(`${item.type} ${item.name}`, () =>
      difference([selector(ours), indexedOf(ours)], [selector(theirs), indexedOf(theirs)]),
    )
  }
}

const indexedOf = (item: AbiEvent | AbiFunction | (typeof eventsAbi)[number]): string =>
  item.inputs.map(input => ('indexed' in input && input.indexed === true ? 'indexed' : 'plain')).join()
