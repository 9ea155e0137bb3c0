/** Who may forge when: boot coordinator, winners of slots, everybody after the deadline; and where bids go. */
import test from 'ava'
import { parseEther, type Account, type Address } from 'viem'
import { useAnvil } from '../support/anvil.ts'
import { alice, bidder, deployer, forger, kit, revertText, type Kit } from './kit.ts'

const anvil = useAnvil(test)
const fresh = async (): Promise<Kit> => kit((await anvil()).rpcUrl, { forgeL1L2BatchTimeout: 240 })

const SLOT_BLOCKS = 40n
const DEADLINE = 20n
const LEAST = parseEther('11') // the default of 10 and a tenth
const ZERO: Address = `0x${'0'.repeat(40)}`

const startOf = (one: Kit, slot: bigint): bigint => one.contracts.genesisBlock + slot * SLOT_BLOCKS

const mayForge = (one: Kit, account: Account, block: bigint): Promise<boolean> =>
  one.chain.readContract({ ...one.auction, functionName: 'canForge', args: [account.address, block] })

/** `account` has tokens, lets the auction take them, and forges for itself. */
async function join(one: Kit, account: Account): Promise<void> {
  const { wallet, auction, token, mined } = one
  const amount = parseEther('1000')
  await mined(wallet.writeContract({ ...token, functionName: 'mint', args: [account.address, amount], account }))
  await mined(wallet.writeContract({ ...token, functionName: 'approve', args: [auction.address, amount], account }))
  const args = [account.address, 'http://127.0.0.1'] as const
  await mined(wallet.writeContract({ ...auction, functionName: 'setCoordinator', args, account }))
}

async function bid(one: Kit, account: Account, slot: bigint, amount: bigint) {
  const args = [amount, slot, amount, '0x'] as const
  const call = { ...one.auction, functionName: 'processBid', args, account, blockTag: 'pending' } as const
  const { request } = await one.chain.simulateContract(call)
  return one.mined(one.wallet.writeContract({ ...request, account }))
}

const pending = (one: Kit, of: Address): Promise<bigint> =>
  one.chain.readContract({ ...one.auction, functionName: 'getClaimableHEZ', args: [of] })

test.serial('nobody may forge before the first slot', async t => {
  const one = await fresh()
  const before = mayForge(one, forger, one.contracts.genesisBlock - 1n)
  t.is(await revertText(t, before), 'HermezAuctionProtocol::canForge: AUCTION_NOT_STARTED')
  t.true(await mayForge(one, forger, one.contracts.genesisBlock))
})

test.serial('without bids the boot coordinator forges, and after the deadline anybody', async t => {
  const one = await fresh()
  const start = startOf(one, 1n)
  t.false(await mayForge(one, alice, start))
  t.true(await mayForge(one, forger, start))
  t.false(await mayForge(one, alice, start + DEADLINE - 1n))
  t.true(await mayForge(one, alice, start + DEADLINE))
  t.true(await mayForge(one, alice, start + SLOT_BLOCKS - 1n))
  t.false(await mayForge(one, alice, start + SLOT_BLOCKS))
})

test.serial('a batch before the deadline commits the slot, a batch after it does not', async t => {
  const one = await fresh()
  await one.nextBlockIs(startOf(one, 1n) + DEADLINE - 1n)
  const early = await one.forge({ l1: true })
  t.deepEqual(one.events(early, one.contracts.auction), [
    { eventName: 'NewForge', args: { forger: forger.address, slotToForge: 1n } },
  ])
  const committed = await one.chain.readContract({ ...one.auction, functionName: 'slots', args: [1n] })
  t.deepEqual(committed, [ZERO, true, true, 0n, 0n])
  t.false(await mayForge(one, alice, startOf(one, 1n) + DEADLINE))
  await one.nextBlockIs(startOf(one, 2n) + DEADLINE)
  await one.forge({ l1: true, from: alice })
  const open = await one.chain.readContract({ ...one.auction, functionName: 'slots', args: [2n] })
  t.deepEqual(open, [ZERO, true, false, 0n, 0n])
  await one.forge({ from: bidder })
})

test.serial('the winner of a slot forges in it, and the bid is burnt, donated and given out', async t => {
  const one = await fresh()
  await join(one, bidder)
  const slot = 3n
  const receipt = await bid(one, bidder, slot, LEAST)
  t.deepEqual(one.events(receipt, one.contracts.auction), [
    { eventName: 'NewBid', args: { slot, bidAmount: LEAST, bidder: bidder.address } },
  ])
  const start = startOf(one, slot)
  t.true(await mayForge(one, bidder, start))
  t.false(await mayForge(one, forger, start))
  await one.nextBlockIs(start)
  const supply = await one.chain.readContract({ ...one.token, functionName: 'totalSupply' })
  const forged = await one.forge({ l1: true, from: bidder })
  const [burnAmount, donationAmount, governanceAmount] = [parseEther('4.4'), parseEther('4.4'), parseEther('2.2')]
  const both = { forger: bidder.address, slotToForge: slot }
  t.deepEqual(one.events(forged, one.contracts.auction), [
    {
      eventName: 'NewForgeAllocated',
      args: { ...both, bidder: bidder.address, burnAmount, donationAmount, governanceAmount },
    },
    { eventName: 'NewForge', args: both },
  ])
  t.is(await one.chain.readContract({ ...one.token, functionName: 'totalSupply' }), supply - burnAmount)
  t.is(await pending(one, deployer.address), donationAmount + governanceAmount)
  const again = await one.forge({ from: bidder })
  t.is(one.events(again, one.contracts.auction).length, 1)
})

test.serial('a higher bid displaces a lower one, which can be claimed back', async t => {
  const one = await fresh()
  await join(one, bidder)
  await join(one, alice)
  await bid(one, bidder, 4n, LEAST)
  const below = 'HermezAuctionProtocol::processBid: BELOW_MINIMUM'
  t.is(await revertText(t, bid(one, alice, 4n, LEAST)), below)
  const more = LEAST + LEAST / 10n
  t.is(await one.chain.readContract({ ...one.auction, functionName: 'getMinBidBySlot', args: [4n] }), more)
  await bid(one, alice, 4n, more)
  t.is(await pending(one, bidder.address), LEAST)
  await one.mined(one.wallet.writeContract({ ...one.auction, functionName: 'claimHEZ', account: bidder }))
  t.is(await pending(one, bidder.address), 0n)
  t.is(
    await one.chain.readContract({ ...one.token, functionName: 'balanceOf', args: [bidder.address] }),
    parseEther('1000'),
  )
  t.true(await mayForge(one, alice, startOf(one, 4n)))
  t.false(await mayForge(one, bidder, startOf(one, 4n)))
})

test.serial('bids need a registered coordinator and a slot that is open', async t => {
  const one = await fresh()
  const prefix = 'HermezAuctionProtocol::processBid:'
  t.is(await revertText(t, bid(one, bidder, 3n, LEAST)), `${prefix} COORDINATOR_NOT_REGISTERED`)
  await join(one, bidder)
  t.is(await revertText(t, bid(one, bidder, 2n, LEAST)), `${prefix} AUCTION_CLOSED`)
  t.is(await revertText(t, bid(one, bidder, 3n + 4320n, LEAST)), `${prefix} AUCTION_NOT_OPEN`)
  await bid(one, bidder, 2n + 4320n, LEAST)
})

test.serial('one call bids for the wanted slot sets of a range', async t => {
  const one = await fresh()
  await join(one, bidder)
  const sets = [true, false, false, true, false, false] as const
  const args = [parseEther('100'), 3n, 12n, sets, parseEther('20'), LEAST, '0x'] as const
  const call = { ...one.auction, functionName: 'processMultiBid', args, account: bidder } as const
  const receipt = await one.mined(one.wallet.writeContract(call))
  const slots = one.events(receipt, one.contracts.auction).map(event => event.args['slot'])
  t.deepEqual(slots, [3n, 6n, 9n, 12n])
  t.is(await pending(one, bidder.address), parseEther('100') - 4n * LEAST)
})

test.serial('a bid below a later minimum lets the boot coordinator forge and goes back to its bidder', async t => {
  const one = await fresh()
  await join(one, bidder)
  await bid(one, bidder, 4n, LEAST)
  const args = [4n, parseEther('50')] as const
  const raise = { ...one.auction, functionName: 'changeDefaultSlotSetBid', args, account: deployer } as const
  await one.mined(one.wallet.writeContract(raise))
  const start = startOf(one, 4n)
  t.false(await mayForge(one, bidder, start))
  t.true(await mayForge(one, forger, start))
  await one.nextBlockIs(start)
  await one.forge({ l1: true })
  t.is(await pending(one, bidder.address), LEAST)
})

test.serial('a raised minimum does not touch slots whose auction is closed', async t => {
  const one = await fresh()
  await join(one, bidder)
  await bid(one, bidder, 3n, LEAST)
  await one.nextBlockIs(startOf(one, 1n))
  const args = [3n, parseEther('50')] as const
  const raise = { ...one.auction, functionName: 'changeDefaultSlotSetBid', args, account: deployer } as const
  await one.mined(one.wallet.writeContract(raise))
  t.true(await mayForge(one, bidder, startOf(one, 3n)))
})
