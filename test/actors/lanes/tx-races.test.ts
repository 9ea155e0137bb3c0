/** A person acts on a transaction in the very moment in which the lane does: what was said to the person holds. */
import test from 'ava'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { approveIntent, lockIntent, type IntentEdit } from '../../../src/entities/kernel/intent-changes.ts'
import type { CrashPoint } from '../../../src/actors/lanes/tx/crash-points.ts'
import { Intent } from '../../../src/entities/kernel/intent.ts'
import { GWEI, useTxLane, type Bench } from '../../support/tx-lane.ts'

const bench = useTxLane(test)

/** Runs `act` the first time the lane is there. */
function once(point: CrashPoint, act: () => Promise<unknown>): (at: CrashPoint) => Promise<void> {
  let done = false
  return async at => {
    if (at !== point || done) return
    done = true
    await act()
  }
}

async function approve(b: Bench, key: string, edit: IntentEdit): Promise<void> {
  await b.orm.em.fork().transactional(async em => {
    const { id } = await em.findOneOrFail(Intent, { key })
    const intent = await lockIntent(em, id)
    if (intent) await approveIntent(em, intent, 'operator', edit, new Date(b.clock.now()))
  })
}

test.serial('edited while the lane signs it: what is sent is what the person said', async t => {
  const b = await bench(t)
  const lane = await b.start({
    crashPoint: once('attempts-signed', () => approve(b, 'a', { value: 3n, maxFeePerGas: 400n * GWEI })),
  })
  await b.wish('a', { to: b.account.address, data: '0x', value: 7n })
  await lane.tick()
  const { attempts, value } = await b.tx('a')
  t.is(attempts.length, 1)
  const sent = await b.client.getTransaction({ hash: attempts[0]?.hash as `0x${string}` }) // of an attempt
  t.is(value, '3')
  t.is(sent.value, 3n)
})

test.serial('taken back while the lane is about to give it another nonce: it is cancelled, not sent', async t => {
  const b = await bench(t)
  const lane = await b.start({ crashPoint: once('evidence-read', () => b.cancel('a', 'not wanted any more')) })
  await b.wish('a')
  await lane.tick()
  await b.emptyPool()
  await b.foreign(0)
  await b.mine(4)
  await lane.block()
  for (let round = 0; round < 4; round += 1) await lane.block()
  t.like(await b.tx('a'), { state: 'cancelled', because: 'not wanted any more' })
  t.is(await b.hits('a'), 0)
})

const UNFIT: readonly (readonly [string, IntentEdit])[] = [
  ['gasLimit', { gasLimit: 5n }],
  ['gasLimit', { gasLimit: 1n << 63n }],
  ['value', { value: 1n << 256n }],
  ['maxFeePerGas', { maxFeePerGas: 0n }],
  ['notAfterBlock', { notAfterBlock: 1n << 63n }],
]

test.serial('an edit that no wish could have is refused, and nothing is changed', async t => {
  const b = await bench(t)
  const lane = await b.start({ accounts: [b.entry(1_000n)] })
  await lane.tick()
  await b.wish('a', { value: 7n })
  for (const [field, edit] of UNFIT) {
    await t.throwsAsync(approve(b, 'a', edit), { code: 'TX_005', message: new RegExp(`its ${field} cannot be`) })
  }
  await t.throwsAsync(approve(b, 'a', { value: 1_001n }), { code: 'TX_005', message: /may spend in a day/ })
  t.like(await b.tx('a'), { value: '7', approvedBy: null })
})

test.serial('two accounts of one role at the same moment do not spend its budget twice', async t => {
  const b = await bench(t)
  const key = generatePrivateKey()
  const other = privateKeyToAccount(key)
  await b.chain.setBalance({ address: other.address, value: 10n ** 20n })
  const policy = { modeOf: () => 'live' as const, accountBudgetWei: null, roleBudgetWei: () => 1_500n * 10n ** 15n }
  const wanted = { to: other.address, data: '0x', value: 10n ** 18n }
  const second = await b.start({ account: 'second', signer: other, policy })
  const first = await b.start({ policy, crashPoint: once('attempts-signed', () => second.tick()) })
  await b.wish('a', wanted)
  await b.wish('b', { ...wanted, account: 'second' })
  await first.tick()
  t.deepEqual(await b.states(['a', 'b']), ['parked', 'sent'])
  t.regex((await b.tx('a')).because ?? '', /today's budget of forger/)
})
