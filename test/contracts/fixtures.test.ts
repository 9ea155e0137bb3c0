/**
 * The contract against the published batches: arguments and public inputs that another implementation computed.
 *
 * A fixture says what its L1 queue holds, so the queue is written into the contract's storage; everything else, forgeBatch
 * with all its checks and the hash, is the contract's own doing.
 */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import {
  concat,
  hashTypedData,
  keccak256,
  numberToHex,
  recoverAddress,
  slice,
  size,
  type Address,
  type Hex,
} from 'viem'
import { foundry } from 'viem/chains'
import { abi as auctionAbi, bytecode as auctionCode } from '../../contracts/artifacts/Auction.ts'
import { abi as rollupAbi } from '../../contracts/artifacts/Rollup.ts'
import { useAnvil } from '../support/anvil.ts'
import { authorisation, deployer, kit, type Kit } from './kit.ts'
import { fixturesOf } from '../support/fixtures.ts'

const { folder, there } = fixturesOf('hermez', 'batches')
const anvil = useAnvil(test)

interface Fixture {
  readonly circuit: { readonly maxTx: number; readonly nLevels: number }
  readonly chainID: string
  readonly rollupContract: Address
  readonly batches: readonly FixtureBatch[]
}

interface FixtureBatch {
  readonly l1Batch: boolean
  readonly l1UserTxs: readonly { readonly encoded: Hex }[]
  readonly expected: {
    readonly newLastIdx: string
    readonly newStateRoot: string
    readonly newExitRoot: string
    readonly l1TxsFullData: Hex
    readonly encodedL1CoordinatorTx: Hex
    readonly l1L2TxsData: Hex
    readonly feeIdxData: Hex
    readonly hashGlobalInputsContract: string
  }
}

// where solc puts them: inherited variables first, small neighbours share a slot
const QUEUES_SLOT = 0n
const INDEXES_SLOT = 1n
const TOKEN_LIST_SLOT = 8n

const word = (value: bigint): Hex => numberToHex(value, { size: 32 })

/** Writes `content` as the queue that the next L1 batch forges. */
async function fillQueue({ tools, chain }: Kit, rollup: Address, content: Hex): Promise<void> {
  const set = (slot: bigint, value: Hex): Promise<void> =>
    tools.setStorageAt({ address: rollup, index: word(slot), value })
  const indexes = await chain.getStorageAt({ address: rollup, slot: word(INDEXES_SLOT) })
  const forging = BigInt(slice(indexes ?? '0x', 28, 32))
  const slot = BigInt(keccak256(concat([word(forging), word(QUEUES_SLOT)])))
  if (size(content) === 0) return
  await set(slot, word(BigInt(size(content)) * 2n + 1n))
  const first = BigInt(keccak256(word(slot)))
  const starts = Array.from({ length: Math.ceil(size(content) / 32) }, (_, position) => 32 * position)
  const part = (start: number): Hex => slice(content, start, Math.min(start + 32, size(content)))
  await Promise.all(starts.map(start => set(first + BigInt(start / 32), `0x${part(start).slice(2).padEnd(64, '0')}`)))
}

/**
 * Whether every authorisation is by the owner the fixture names. One is not (case 24, a key with a leading zero digit: the
 * oracle signed another text); a contract cannot take it, and the rest of that case builds on it.
 */
async function authorised(fixture: Fixture, batch: FixtureBatch): Promise<boolean> {
  const { encodedL1CoordinatorTx: all, l1TxsFullData: full } = batch.expected
  for (let position = 0; position < size(all) / 101; position += 1) {
    const one = slice(all, position * 101, (position + 1) * 101)
    const row = batch.l1UserTxs.length + position
    const v = Number(slice(one, 0, 1))
    if (v === 0) continue
    const hash = hashTypedData(authorisation(fixture.rollupContract, slice(one, 65, 97), Number(fixture.chainID)))
    const signature = { r: slice(one, 33, 65), s: slice(one, 1, 33), yParity: v - 27 }
    if ((await recoverAddress({ hash, signature })).toLowerCase() !== slice(full, row * 78, row * 78 + 20)) return false
  }
  return true
}

/** The rollup at the address that the fixture's authorisations were signed for, with an auction of its own. */
async function place(one: Kit, code: Hex, verifier: Address, fixture: Fixture): Promise<void> {
  const { wallet, tools, mined, head } = one
  const rollup = fixture.rollupContract
  const owner = deployer.address
  const as = { account: deployer, chain: { ...foundry, id: Number(fixture.chainID) } } as const
  await tools.setCode({ address: rollup, bytecode: code })
  const created = await mined(wallet.deployContract({ abi: auctionAbi, bytecode: auctionCode, args: [40, 20], ...as }))
  const auction = created.contractAddress ?? '0x'
  const { maxTx, nLevels } = fixture.circuit
  const sizes = [(BigInt(nLevels) << 248n) | BigInt(maxTx)]
  const some = one.contracts.token
  const main = [[verifier], sizes, some, auction, some, 240, 0n] as const
  const args = [...main, some, some, some, owner, 0n, some] as const
  await mined(wallet.writeContract({ address: rollup, abi: rollupAbi, functionName: 'initializeHermez', args, ...as }))
  const genesis = (await head()) + 2n
  const terms = [some, genesis, rollup, owner, owner, owner, ''] as const
  const initialiser = 'hermezAuctionProtocolInitializer'
  await mined(
    wallet.writeContract({ address: auction, abi: auctionAbi, functionName: initialiser, args: terms, ...as }),
  )
  // every token number is registered
  await tools.setStorageAt({ address: rollup, index: word(TOKEN_LIST_SLOT), value: word(2n ** 32n) })
}

function argumentsOf({ l1Batch, expected }: FixtureBatch, off: bigint) {
  const zero = [0n, 0n] as const
  return [
    Number(expected.newLastIdx),
    BigInt(expected.newStateRoot),
    BigInt(expected.newExitRoot),
    expected.encodedL1CoordinatorTx,
    expected.l1L2TxsData,
    expected.feeIdxData,
    0,
    l1Batch,
    [BigInt(expected.hashGlobalInputsContract) + off, 0n],
    [zero, zero],
    zero,
  ] as const
}

const skipped = there ? '' : ' (skipped: no fixtures beside the checkout)'

test(`every published batch is forged with its published public input${skipped}`, async t => {
  if (skipped !== '') return t.pass()
  const one = await kit((await anvil()).rpcUrl)
  const { chain, tools, wallet, mined, contracts } = one
  const [verifier] = contracts.verifiers
  const code = await chain.getCode({ address: contracts.rollup })
  if (verifier === undefined || code === undefined) return t.fail('nothing was deployed')
  let forged = 0
  let refused = 0
  for (const name of (await readdir(folder)).sort()) {
    const fixture = JSON.parse(await readFile(join(folder, name), 'utf8')) as Fixture // the shape its README gives
    const before = await tools.snapshot()
    await tools.request({ method: 'anvil_setChainId', params: [Number(fixture.chainID)] } as never) // viem lists it not
    await place(one, code, verifier, fixture)
    const call = { address: fixture.rollupContract, abi: rollupAbi, functionName: 'forgeBatch' } as const
    const as = { account: deployer, chain: { ...foundry, id: Number(fixture.chainID) } } as const
    for (const [position, batch] of fixture.batches.entries()) {
      await fillQueue(one, fixture.rollupContract, concat(batch.l1UserTxs.map(tx => tx.encoded)))
      const off = { ...call, args: argumentsOf(batch, 1n), account: deployer, blockTag: 'pending' } as const
      if (position === 0) await t.throwsAsync(chain.simulateContract(off), { message: /INVALID_PROOF/ }, name)
      if (!(await authorised(fixture, batch))) {
        const foreign = chain.simulateContract({ ...off, args: argumentsOf(batch, 0n) })
        await t.throwsAsync(foreign, { message: /INVALID_PROOF/ }, `${name} batch ${position}, signed by another`)
        refused += 1
        break
      }
      const receipt = await mined(wallet.writeContract({ ...call, args: argumentsOf(batch, 0n), ...as }))
      t.is(receipt.status, 'success', `${name} batch ${position}`)
      forged += 1
    }
    await tools.revert({ id: before })
  }
  t.log(`${forged} batches forged, ${refused} refused for a signature of another`)
  t.true(forged > refused)
})
