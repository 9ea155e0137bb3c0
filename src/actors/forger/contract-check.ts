/**
 * What the forger must find on the chain before it may run: code at both addresses, the two belonging together, and a
 * verifier for its circuit.
 */
import { isAddressEqual, type Address, type PublicClient } from 'viem'
import { auctionAbi, rollupAbi } from './contracts.ts'
import { ContractMismatchError, NoContractError, NoVerifierError } from './errors.ts'

export interface ContractExpectation {
  readonly rollup: Address
  readonly auction: Address
  readonly maxTx: number
  readonly nLevels: number
}

export interface ContractFacts {
  /** Index of the verifier for the circuit. */
  readonly verifierIdx: number
}

/** Throws a fatal FRG error that says what is wrong; transient errors of the RPC pass through. */
export async function inspectContracts(client: PublicClient, expected: ContractExpectation): Promise<ContractFacts> {
  for (const [name, address] of [
    ['rollup', expected.rollup],
    ['auction', expected.auction],
  ] as const) {
    const code = await client.getCode({ address })
    if (code === undefined || code === '0x') {
      throw new NoContractError(`there is no contract at forger.${name} ${address}`, { facts: { name, address } })
    }
  }
  const auction = await client.readContract({
    address: expected.rollup,
    abi: rollupAbi,
    functionName: 'hermezAuctionContract',
  })
  if (!isAddressEqual(auction, expected.auction)) {
    throw new ContractMismatchError(`the rollup's auction is ${auction}, not ${expected.auction}`)
  }
  await client.readContract({ address: expected.auction, abi: auctionAbi, functionName: 'genesisBlock' })
  return { verifierIdx: await verifierFor(client, expected) }
}

async function verifierFor(client: PublicClient, { rollup, maxTx, nLevels }: ContractExpectation): Promise<number> {
  const at = { address: rollup, abi: rollupAbi } as const
  const count = await client.readContract({ ...at, functionName: 'rollupVerifiersLength' })
  const sizes: string[] = []
  for (let index = 0n; index < count; index += 1n) {
    const [, txs, levels] = await client.readContract({ ...at, functionName: 'rollupVerifiers', args: [index] })
    if (txs === BigInt(maxTx) && levels === BigInt(nLevels)) return Number(index)
    sizes.push(`${txs} transactions × ${levels} levels`)
  }
  throw new NoVerifierError(
    `the rollup has no verifier for ${maxTx} transactions × ${nLevels} levels, only for ${sizes.join(', ')}`,
  )
}
