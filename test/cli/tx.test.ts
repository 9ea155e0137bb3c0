/** Looking at transactions and accounts, and changing them, from the command line. */
import test from 'ava'
import { fakeDaemon, run } from './support.ts'

const account = {
  name: 'main',
  chain: 'local',
  address: '0x00000000000000000000000000000000000000aa',
  signer: 'privateKey',
  balanceWei: '1234567890123456789',
  runwayHours: 36.5,
  spentPerHourWei: '1',
  spentTodayWei: '100000000000000000',
  dailyBudgetWei: '1000000000000000000',
  nonce: 7,
  nextNonce: 9,
  queued: 0,
  inFlight: 2,
  settling: 0,
  parked: 1,
  holder: 'host:/data',
  holderAlive: true,
  because: null,
  lookedAt: '2030-01-01T11:59:00Z',
}

test('accounts are shown with money in ether and runway in hours', async t => {
  const daemon = await fakeDaemon(t, { '/v1/accounts': [200, { accounts: [account] }] })
  const { code, out } = await run('.', ['accounts', '--url', daemon.url, '--token', 'x'])
  t.is(code, 0)
  t.regex(out, /1\.2345 ether/)
  t.regex(out, /36\.5 h/)
  t.regex(out, /0\.1 ether of 1 ether/)
  const json = await run('.', ['accounts', '--json', '--url', daemon.url, '--token', 'x'])
  t.deepEqual(JSON.parse(json.out), { accounts: [account] })
})

test('tx explain says what happens next, what a simulation found, and what can be done', async t => {
  const answer = {
    id: '17',
    subject: 'batch/1',
    state: 'parked',
    next: 'Waits for a person: forger is in oversight: approve or reject it.',
    because: 'forger is in oversight: approve or reject it',
    simulation: 'On block 5 it would use at most 60000 gas and cost at most 0.01 ether.',
    possible: ['forgekeeper tx approve 17', 'forgekeeper tx reject 17'],
  }
  const daemon = await fakeDaemon(t, { '/v1/transactions/17/explain': [200, answer] })
  const { code, out } = await run('.', ['tx', 'explain', '17', '--url', daemon.url, '--token', 'x'])
  t.is(code, 0)
  t.is(out, `${answer.next}\n${answer.simulation}\n\npossible now:\n  ${answer.possible.join('\n  ')}`)
  const json = await run('.', ['tx', 'explain', '17', '--json', '--url', daemon.url, '--token', 'x'])
  t.deepEqual(JSON.parse(json.out), answer)
})

for (const verb of ['bump', 'cancel', 'approve', 'reject']) {
  test(`tx ${verb} posts with the reason and says what the transaction is now`, async t => {
    const transaction = { id: '17', state: 'queued', because: 'approved by operator: fine' }
    const daemon = await fakeDaemon(t, { [`/v1/transactions/17/${verb}`]: [200, { transaction }] })
    const args = ['tx', verb, '17', '--reason', 'fine', '--url', daemon.url, '--token', 'x']
    const { code, out } = await run('.', args)
    t.is(code, 0)
    t.is(out, 'transaction 17 is queued: approved by operator: fine')
    t.like(daemon.asked.at(-1), { method: 'POST', body: JSON.stringify({ reason: 'fine' }) })
    t.deepEqual(JSON.parse((await run('.', [...args, '--json'])).out), { transaction })
  })
}

test('tx approve edits with units, and refuses amounts that have none', async t => {
  const daemon = await fakeDaemon(t, {
    '/v1/transactions/17/approve': [200, { transaction: { id: '17', state: 'queued' } }],
  })
  const common = ['--url', daemon.url, '--token', 'x']
  await run('.', ['tx', 'approve', '17', '--max-fee', '20 gwei', '--gas-limit', 'none', '--not-after', '99', ...common])
  t.deepEqual(JSON.parse(daemon.asked.at(-1)?.body ?? ''), {
    edit: { maxFeePerGas: '20000000000', gasLimit: null, notAfterBlock: '99' },
  })
  const { code, err } = await run('.', ['tx', 'approve', '17', '--value', '5', ...common])
  t.is(code, 64)
  t.regex(err, /CLI_001 --value 5: an amount such as/)
})

test('what the daemon refuses is told with its code and a non-zero end', async t => {
  const problem = { code: 'TX_005', detail: 'transaction 17: it is mined', hint: 'Look at it', status: 409 }
  const daemon = await fakeDaemon(t, { '/v1/transactions/17/cancel': [409, problem] })
  const { code, err } = await run('.', ['tx', 'cancel', '17', '--url', daemon.url, '--token', 'x'])
  t.is(code, 64)
  t.regex(err, /TX_005/)
})
