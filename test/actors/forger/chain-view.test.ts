/** What the forger reads of the auction, against the auction itself: who may forge in every block, whatever was bid. */
import test, { type ExecutionContext } from 'ava'
import { createPublicClient, parseEther, type Account, type PublicClient } from 'viem'
import { foundry } from 'viem/chains'
import { readChainView } from '../../../src/actors/forger/chain-view.ts'
import { canForge } from '../../../src/actors/forger/policy/slots.ts'
import { toNode, useAnvil } from '../../support/anvil.ts'
import { alice, bidder, deployer, forger, kit, type Kit } from '../../contracts/kit.ts'

const anvil = useAnvil(test)
const SLOT = 10n
const DEADLINE = 4n

const fresh = async (): Promise<Kit> => {
  const slots = { blocksPerSlot: Number(SLOT), slotDeadline: Number(DEADLINE), forgeL1L2BatchTimeout: 240 }
  return kit((await anvil()).rpcUrl, slots)
}
const startOf = (one: Kit, slot: bigint): bigint => one.contracts.genesisBlock + slot * SLOT
const client = async (): Promise<PublicClient> =>
  createPublicClient({ chain: foundry, transport: toNode((await anvil()).rpcUrl), cacheTime: 0 }) as PublicClient // of one chain
const viewOf = async ({ contracts, head }: Kit) => readChainView(await client(), contracts, await head())

/** Has tokens, lets the auction take them, and forges for its own bids. */
async function join({ wallet, auction, token, mined }: Kit, account: Account): Promise<void> {
  const amount = parseEther('1000')
  await mined(wallet.writeContract({ ...token, functionName: 'mint', args: [account.address, amount], account }))
  await mined(wallet.writeContract({ ...token, functionName: 'approve', args: [auction.address, amount], account }))
  const args = [account.address, 'http://127.0.0.1'] as const
  await mined(wallet.writeContract({ ...auction, functionName: 'setCoordinator', args, account }))
}

async function bid({ wallet, auction, mined }: Kit, account: Account, slot: bigint, ether: string): Promise<void> {
  const args = [parseEther(ether), slot, parseEther(ether), '0x'] as const
  await mined(wallet.writeContract({ ...auction, functionName: 'processBid', args, account }))
}

/** For every block of the two slots that are known: what the policy says, and what the contract does. */
async function agrees(t: ExecutionContext, one: Kit, during: string): Promise<void> {
  const view = await viewOf(one)
  const first = BigInt(view.currentSlot?.startBlock ?? view.nextSlot?.startBlock ?? 0)
  const head = await one.head()
  for (const account of [forger, bidder, alice]) {
    const us = { address: account.address.toLowerCase(), mustForgeAtSlotDeadline: true }
    for (let block = head + 1n > first ? head + 1n : first; block < first + 2n * SLOT; block += 1n) {
      const contract = await one.chain.readContract({
        ...one.auction,
        functionName: 'canForge',
        args: [account.address, block],
      })
      t.is(canForge(view, block, us), contract, `${during}: ${account.address} in block ${block}`)
    }
  }
}

test.serial(
  'scenarios 1, 2, 6: without bids the boot coordinator forges, and after the deadline everybody',
  async t => {
    const one = await fresh()
    await agrees(t, one, 'at genesis')
    await one.nextBlockIs(startOf(one, 1n) + DEADLINE)
    await agrees(t, one, 'at the deadline')
    await one.nextBlockIs(startOf(one, 2n))
    await agrees(t, one, 'in the next slot')
  },
)

test.serial(
  'scenarios 4, 5: bids, outbid bids and bids below a later minimum name the forger the contract names',
  async t => {
    const one = await fresh()
    await join(one, bidder)
    await join(one, alice)
    await bid(one, bidder, 3n, '11')
    await bid(one, bidder, 4n, '11')
    await bid(one, alice, 4n, '20')
    await bid(one, bidder, 5n, '11')
    const raise = { ...one.auction, functionName: 'changeDefaultSlotSetBid', args: [5n, parseEther('50')] } as const
    await one.mined(one.wallet.writeContract({ ...raise, account: deployer }))
    for (const slot of [2n, 3n, 4n, 5n]) {
      await one.nextBlockIs(startOf(one, slot))
      await agrees(t, one, `slot ${slot}`)
    }
    const names = async () => (await viewOf(one)).currentSlot?.forger
    t.is(await names(), forger.address.toLowerCase(), 'slot 5: the bid is below the minimum by now')
  },
)

test.serial('the commitment of a slot is the contract’s, after a restart as before it', async t => {
  const one = await fresh()
  await one.nextBlockIs(startOf(one, 1n))
  await one.forge({ l1: true })
  t.true((await viewOf(one)).currentSlot?.committed, 'a batch before the deadline commits')
  await agrees(t, one, 'committed')
  await one.nextBlockIs(startOf(one, 2n) + DEADLINE)
  await one.forge({ from: alice })
  t.false((await viewOf(one)).currentSlot?.committed, 'one after it does not')
  await agrees(t, one, 'not committed')
})

test.serial('before genesis nobody may, and the slot to come is known', async t => {
  const one = await kit((await anvil()).rpcUrl, { genesisOffset: 3 })
  const view = await readChainView(await client(), one.contracts, one.contracts.genesisBlock - 2n)
  t.is(view.currentSlot, null)
  t.like(view.nextSlot, { slot: '0', forger: forger.address.toLowerCase(), committed: false })
  const us = { address: forger.address.toLowerCase(), mustForgeAtSlotDeadline: true }
  t.false(canForge(view, one.contracts.genesisBlock - 1n, us))
  t.true(canForge(view, one.contracts.genesisBlock, us))
})

test.serial('a slot that was won for another address is forged by that address', async t => {
  const one = await fresh()
  await join(one, bidder)
  const args = [alice.address, 'http://127.0.0.1'] as const
  await one.mined(one.wallet.writeContract({ ...one.auction, functionName: 'setCoordinator', args, account: bidder }))
  await bid(one, bidder, 4n, '11')
  await one.nextBlockIs(startOf(one, 4n))
  t.is((await viewOf(one)).currentSlot?.forger, alice.address.toLowerCase())
  await agrees(t, one, 'won for another')
})
