/** Accounts: who may be wished for, in turn among those that can pay, and a warning before one runs dry. */
import test from 'ava'
import { parseEther } from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { SigningAccount } from '../../../src/entities/kernel/account.ts'
import { Intent } from '../../../src/entities/kernel/intent.ts'
import { wishAll, type Wish } from '../../../src/actors/lanes/wish.ts'
import { useTxLane, type Bench } from '../../support/tx-lane.ts'

const bench = useTxLane(test)

async function three(b: Bench, balances: readonly bigint[]): Promise<void> {
  const em = b.orm.em.fork()
  for (const [index, balanceWei] of balances.entries()) {
    const { address } = privateKeyToAccount(generatePrivateKey())
    const common = { chain: 'local', address, holder: 'first', signer: 'privateKey', gasPriceWei: 10n ** 9n }
    em.create(SigningAccount, { ...common, name: `k${index}`, balanceWei })
  }
  await em.flush()
}

const KEYS = ['k0', 'k1', 'k2']

test.serial('a wish for an account that no daemon has is refused with the names there are', async t => {
  const b = await bench(t)
  const lane = await b.start({ accounts: [b.entry()] })
  await lane.tick()
  const error = await t.throwsAsync(b.wish('a', { account: 'mian' }))
  t.like(error, { code: 'TX_003', facts: { account: 'mian', chain: 'local', names: 'main' } })
  t.is(await b.orm.em.fork().count(Intent), 0)
  await b.wish('b')
  t.is(await b.orm.em.fork().count(Intent), 1)
})

test.serial('before any daemon has said which accounts there are, none is refused', async t => {
  const b = await bench(t)
  await b.wish('a', { account: 'whoever' })
  t.is(await b.orm.em.fork().count(Intent), 1)
})

test.serial('a value that the account may not spend in a day is refused at once', async t => {
  const b = await bench(t)
  const lane = await b.start({ accounts: [b.entry(parseEther('1'))] })
  await lane.tick()
  const error = await t.throwsAsync(b.wish('a', { value: parseEther('1') + 1n }))
  t.like(error, { code: 'TX_004', facts: { dailyBudgetWei: String(parseEther('1')) } })
  await b.wish('b', { value: parseEther('1') })
  t.is(await b.orm.em.fork().count(Intent), 1)
})

test.serial('accounts that are configured no more are known no more', async t => {
  const b = await bench(t)
  const first = await b.start({ accounts: [b.entry(), { ...b.entry(), name: 'old' }] })
  await first.tick()
  t.is(await b.orm.em.fork().count(SigningAccount), 2)
  await first.stop()
  const second = await b.start({ accounts: [b.entry()] })
  await second.tick()
  t.deepEqual(
    (await b.orm.em.fork().find(SigningAccount, {})).map(({ name }) => name),
    ['main'],
  )
})

test.serial('wishes for several accounts go to each in turn', async t => {
  const b = await bench(t)
  await three(b, [parseEther('1'), parseEther('1'), parseEther('1')])
  const chosen: string[] = []
  for (let index = 0; index < 6; index += 1) chosen.push((await b.wish(`w${index}`, { account: KEYS })).account)
  t.deepEqual(chosen.slice(0, 3).toSorted(), KEYS)
  t.deepEqual(chosen.slice(3), chosen.slice(0, 3))
})

test.serial('an account that cannot pay is passed over, counting what it has in flight', async t => {
  const b = await bench(t)
  await three(b, [parseEther('1'), 0n, parseEther('1')])
  await b.wish('held', { account: 'k2', value: 1n })
  await b.orm.em.fork().nativeUpdate(Intent, { key: 'held' }, { reservedWei: parseEther('1') })
  const chosen = new Set<string>()
  for (let index = 0; index < 4; index += 1) chosen.add((await b.wish(`w${index}`, { account: KEYS })).account)
  t.deepEqual([...chosen], ['k0'])
})

test.serial('the same wish for several accounts stays with the one it went to', async t => {
  const b = await bench(t)
  await three(b, [parseEther('1'), parseEther('1'), parseEther('1')])
  const first = await b.wish('a', { account: KEYS })
  for (let index = 0; index < 3; index += 1) {
    const again = await b.wish('a', { account: KEYS.toReversed() })
    t.is(again.id, first.id)
    t.is(again.account, first.account)
  }
  await t.throwsAsync(b.wish('a', { account: ['k0', 'k1'] }), { code: 'TX_001' })
})

test.serial('many wishes are accepted in one statement, in order, and all or none', async t => {
  const b = await bench(t)
  const keys = Array.from({ length: 250 }, (_, index) => `k${index}`)
  const all = await b.orm.em.fork().transactional(em =>
    wishAll(
      em,
      keys.map(key => b.plainWish(key)),
      b.clock,
    ),
  )
  const stored = await b.orm.em.fork().find(Intent, {}, { orderBy: { id: 'asc' } })
  t.deepEqual(
    stored.map(({ key }) => key),
    keys,
  )
  t.deepEqual(
    all,
    stored.map(({ id }) => id),
  )
  const bad = [b.plainWish('new'), { ...b.plainWish('k3'), value: 9n }]
  await t.throwsAsync(
    b.orm.em.fork().transactional(em => wishAll(em, bad, b.clock)),
    { code: 'TX_001' },
  )
  t.is(await b.orm.em.fork().count(Intent), 250)
})

test.serial('two of one key in one go are one wish when they are the same, and an error when not', async t => {
  const b = await bench(t)
  const both = (other: Partial<Wish>) =>
    b.orm.em.fork().transactional(em => wishAll(em, [b.plainWish('a'), { ...b.plainWish('a'), ...other }], b.clock))
  await t.throwsAsync(both({ value: 9n }), { code: 'TX_001' })
  t.is(await b.orm.em.fork().count(Intent), 0)
  const [first, second] = await both({})
  t.is(first, second)
  t.is(await b.orm.em.fork().count(Intent), 1)
})

for (const [field, value] of [
  ['key', ''],
  ['role', ''],
  ['to', '0x12'],
  ['data', '0x123'],
  ['value', -1n],
  ['value', 1n << 256n],
  ['gasLimit', 20_999n],
  ['gasLimit', 1n << 63n],
  ['confirmations', 1.5],
  ['confirmations', -1],
  ['notAfterBlock', -1n],
  ['maxFeePerGas', 0n],
  ['account', []],
  ['blobs', ['0x00']],
] as const) {
  test.serial(`a wish whose ${field} is ${JSON.stringify(String(value)).slice(0, 20)} is refused by name`, async t => {
    const b = await bench(t)
    const error = await t.throwsAsync(b.wish('a', { [field]: value }))
    t.like(error, { code: 'TX_002', facts: { field } })
    t.is(await b.orm.em.fork().count(Intent), 0)
  })
}

test.serial('an account whose balance lasts too short is warned of once, with what is left', async t => {
  const b = await bench(t)
  const funds = { runwayWarningMs: 24 * 3_600_000, minBalanceWei: 0n }
  const lane = await b.start({ accounts: [b.entry()], funds })
  await b.wish('a', { to: '0x00000000000000000000000000000000000000aa', data: '0x', value: parseEther('60') })
  await lane.tick()
  await lane.block(3)
  await lane.tick()
  await b.clock.advance(20_000)
  await lane.tick()
  const warnings = lane.logs.filter(({ text }) => text === 'an account runs dry soon')
  t.is(warnings.length, 1)
  t.like(warnings[0], { level: 'warn', fields: { account: 'main', chain: 'local' } })
  t.regex(String(warnings[0]?.fields['runway']), /^\d+m$/)
})

test.serial('an account below its least balance is warned of although it spends nothing', async t => {
  const b = await bench(t)
  const funds = { runwayWarningMs: 24 * 3_600_000, minBalanceWei: parseEther('1000') }
  const lane = await b.start({ accounts: [b.entry()], funds })
  await lane.tick()
  t.is(lane.logs.filter(({ text }) => text === 'an account runs dry soon').length, 1)
})
