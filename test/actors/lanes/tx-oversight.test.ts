/** What goes to a person: oversight, dry run, budgets; and what goes on by itself. */
import test from 'ava'
import { encodeFunctionData, parseEther } from 'viem'
import { lockIntent, approveIntent, type IntentEdit } from '../../../src/entities/kernel/intent-changes.ts'
import type { SpendingPolicy } from '../../../src/actors/lanes/tx/gate.ts'
import { counterAbi } from '../../support/counter.ts'
import { GWEI, useTxLane, type Bench } from '../../support/tx-lane.ts'

const bench = useTxLane(test)
const DAY_MS = 86_400_000

const policy = (changes: Partial<SpendingPolicy>): SpendingPolicy => ({
  modeOf: () => 'live',
  accountBudgetWei: null,
  roleBudgetWei: () => null,
  ...changes,
})
const oversight = policy({ modeOf: () => 'oversight' })
const dryRun = policy({ modeOf: () => 'dry-run' })

async function approve(b: Bench, key: string, edit: IntentEdit = {}): Promise<void> {
  const { id } = await b.tx(key)
  await b.orm.em.fork().transactional(async em => {
    const intent = await lockIntent(em, BigInt(id))
    if (intent) await approveIntent(em, intent, 'operator', edit, new Date(b.clock.now()))
  })
}

test.serial('in oversight a wish is parked with its simulated outcome, and nothing is signed', async t => {
  const b = await bench(t)
  const lane = await b.start({ policy: oversight })
  await b.wish('a')
  await lane.tick()
  const tx = await b.tx('a')
  t.like(tx, {
    state: 'parked',
    parkedFor: 'approval',
    nonce: null,
    because: 'forger is in oversight: approve or reject it',
  })
  t.like(tx.simulation, { outcome: 'runs', reason: null })
  t.true(BigInt(tx.simulation?.gas ?? 0) > 21_000n)
  t.true(BigInt(tx.simulation?.maxCostWei ?? 0) > 0n)
  t.is(tx.attempts.length, 0)
  t.is(await b.nonce(), 0)
})

test.serial('what a person approves is sent once, and the next still waits', async t => {
  const b = await bench(t)
  const lane = await b.start({ policy: oversight })
  await b.wish('a')
  await b.wish('b')
  await lane.tick()
  await approve(b, 'a')
  await lane.look()
  await lane.block(3)
  t.deepEqual(await b.states(['a', 'b']), ['confirmed', 'parked'])
  t.is(await b.hits('a'), 1)
  t.is(await b.hits('b'), 0)
  t.is((await b.tx('a')).approvedBy, 'operator')
})

test.serial('an edited wish is sent as edited, and its role may still ask for it as it was', async t => {
  const b = await bench(t)
  const lane = await b.start({ policy: oversight })
  await b.wish('a')
  await lane.tick()
  await approve(b, 'a', { gasLimit: 123_456n, maxFeePerGas: 7n * GWEI })
  await lane.look()
  const [attempt] = (await b.tx('a')).attempts
  t.true(BigInt(attempt?.maxFeePerGas ?? 0) <= 7n * GWEI)
  const again = await b.wish('a')
  t.is(String(again.id), (await b.tx('a')).id)
})

test.serial('a rejected wish ends without a nonce and its role is told', async t => {
  const b = await bench(t)
  const lane = await b.start({ policy: oversight })
  await b.wish('a')
  await lane.tick()
  lane.sent.length = 0
  await b.cancel('a', 'rejected by operator: not today')
  await lane.tick()
  t.like(await b.tx('a'), {
    state: 'cancelled',
    parkedFor: null,
    nonce: null,
    because: 'rejected by operator: not today',
  })
  t.true(lane.sent.some(({ to }) => to === 'forger/coordinator'))
})

test.serial('a wish in oversight that would revert ends as it would if it were live', async t => {
  const b = await bench(t)
  const lane = await b.start({ policy: oversight })
  await b.wish('bad', { data: encodeFunctionData({ abi: counterAbi, functionName: 'fail' }) })
  await lane.tick()
  t.like(await b.tx('bad'), { state: 'reverted', because: 'simulation: TooMany(3)', nonce: null })
})

test.serial('a parked wish that cannot land in time any more ends as too late', async t => {
  const b = await bench(t)
  const lane = await b.start({ policy: oversight })
  await b.wish('a', { notAfterBlock: (await b.client.getBlockNumber()) + 2n })
  await lane.tick()
  t.is((await b.tx('a')).state, 'parked')
  await b.mine(3)
  await b.clock.advance(10_000)
  await lane.tick()
  t.regex((await b.tx('a')).because ?? '', /^too late/)
  t.is((await b.tx('a')).state, 'cancelled')
})

test.serial('the simulated outcome beside a parked wish is kept fresh', async t => {
  const b = await bench(t)
  const lane = await b.start({ policy: oversight })
  await b.wish('a')
  await lane.tick()
  const before = (await b.tx('a')).simulation
  await b.mine(3)
  await b.clock.advance(61_000)
  await lane.tick()
  t.true(BigInt((await b.tx('a')).simulation?.block ?? 0) > BigInt(before?.block ?? 0))
})

test.serial('a dry run sends nothing, cannot be approved, and goes on when the role is live', async t => {
  const b = await bench(t)
  const lane = await b.start({ policy: dryRun })
  await b.wish('a')
  await lane.tick()
  t.like(await b.tx('a'), { state: 'parked', parkedFor: 'dry-run', because: 'forger is in a dry run: nothing is sent' })
  t.like((await b.tx('a')).simulation, { outcome: 'runs' })
  await t.throwsAsync(approve(b, 'a'), { code: 'TX_005' })
  t.is(await b.nonce(), 0)
  await lane.stop()
  const live = await b.start()
  await b.clock.advance(10_000)
  await live.tick()
  t.is((await b.tx('a')).state, 'sent')
})

test.serial('one role in oversight does not hold up another that is live', async t => {
  const b = await bench(t)
  const lane = await b.start({ policy: policy({ modeOf: role => (role === 'careful' ? 'oversight' : 'live') }) })
  await b.wish('a', { role: 'careful' })
  await b.wish('b')
  await lane.tick()
  t.deepEqual(await b.states(['a', 'b']), ['parked', 'sent'])
})

test.serial('over the budget of the day a wish is parked with the numbers, and goes on when the day turns', async t => {
  const b = await bench(t)
  const rich = await b.start()
  await b.wish('first')
  await rich.tick()
  await rich.block(3)
  await rich.stop()
  const spent = BigInt((await b.tx('first')).spentWei ?? 0)
  t.true(spent > 0n)
  const lane = await b.start({ policy: policy({ accountBudgetWei: spent + 1n }) })
  await b.wish('a')
  await lane.tick()
  const tx = await b.tx('a')
  t.like(tx, { state: 'parked', parkedFor: 'budget', nonce: null })
  t.regex(
    tx.because ?? '',
    /^it may cost .+, today's budget of the account has 1 wei left; it goes on tomorrow \(UTC\)/,
  )
  await b.clock.advance(10_000)
  await lane.tick()
  t.is((await b.tx('a')).state, 'parked')
  await lane.stop()
  const richer = await b.start({ policy: policy({ accountBudgetWei: parseEther('1') }) })
  await b.clock.advance(DAY_MS)
  await richer.tick()
  t.is((await b.tx('a')).state, 'sent')
})

test.serial('the day turns by itself: what was spent yesterday does not count today', async t => {
  const b = await bench(t)
  const lane = await b.start({ policy: policy({ accountBudgetWei: parseEther('0.6') }) })
  const gift = { to: '0x00000000000000000000000000000000000000aa', data: '0x', value: parseEther('0.5') }
  for (const key of ['a', 'b', 'c']) await b.wish(key, gift)
  await lane.tick()
  t.deepEqual(await b.states(['a', 'b', 'c']), ['sent', 'parked', 'parked'])
  await lane.block(3)
  await b.clock.advance(DAY_MS)
  await lane.tick()
  t.deepEqual(await b.states(['a', 'b', 'c']), ['confirmed', 'sent', 'parked'])
  await lane.block(3)
  await b.clock.advance(DAY_MS)
  await lane.tick()
  t.deepEqual(await b.states(['a', 'b', 'c']), ['confirmed', 'confirmed', 'sent'])
})

test.serial('the budget of a role binds that role and no other', async t => {
  const b = await bench(t)
  const lane = await b.start({ policy: policy({ roleBudgetWei: role => (role === 'poor' ? 1n : null) }) })
  await b.wish('a', { role: 'poor' })
  await b.wish('b')
  await lane.tick()
  t.deepEqual(await b.states(['a', 'b']), ['parked', 'sent'])
  t.regex((await b.tx('a')).because ?? '', /today's budget of poor has 1 wei left/)
})

test.serial('a person may let a wish go over the budget', async t => {
  const b = await bench(t)
  const lane = await b.start({ policy: policy({ accountBudgetWei: 1n }) })
  await b.wish('a')
  await lane.tick()
  t.is((await b.tx('a')).parkedFor, 'budget')
  await approve(b, 'a')
  await lane.look()
  await lane.block(3)
  t.is((await b.tx('a')).state, 'confirmed')
  t.is(await b.hits('a'), 1)
})

test.serial('a better price that the budget does not hold waits and says so', async t => {
  const b = await bench(t)
  const lane = await b.start({ limits: { bumpAfterMs: 1_000 } })
  await b.wish('a')
  await lane.tick()
  const reserved = BigInt((await b.tx('a')).reservedWei ?? 0)
  await lane.stop()
  const tight = await b.start({ limits: { bumpAfterMs: 1_000 }, policy: policy({ accountBudgetWei: reserved + 1n }) })
  await b.clock.advance(2_000)
  await tight.tick()
  const tx = await b.tx('a')
  t.is(tx.attempts.length, 1)
  t.regex(tx.because ?? '', /^a better price: it may cost/)
})

test.serial('what a transaction cost is what its receipt says, with its value', async t => {
  const b = await bench(t)
  const lane = await b.start()
  await b.wish('a', { to: b.account.address, data: '0x', value: 5n, gasLimit: 21_000n })
  await lane.tick()
  await lane.block(3)
  const tx = await b.tx('a')
  const receipt = await b.client.getTransactionReceipt({ hash: tx.minedHash as `0x${string}` })
  t.is(BigInt(tx.spentWei ?? 0), receipt.gasUsed * receipt.effectiveGasPrice + 5n)
  t.true(BigInt(tx.reservedWei ?? 0) >= BigInt(tx.spentWei ?? 0))
})
