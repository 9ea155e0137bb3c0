/** Sessions on a real chain, from their start to their end, through everything that may come between. */
import test from 'ava'
import { coordinator } from '../../../src/actors/finalizer/messages.ts'
import { finalizeCall } from '../../../src/actors/finalizer/contracts.ts'
import { coordinatorActor } from '../../../src/actors/finalizer/coordinator.ts'
import { AddressMismatchError } from '../../../src/actors/finalizer/errors.ts'
import { Closing } from '../../../src/entities/finalizer/session.ts'
import { Decision } from '../../../src/entities/kernel/decision.ts'
import { Attempt } from '../../../src/entities/kernel/intent.ts'
import { RoleControl } from '../../../src/entities/kernel/operations.ts'
import { useAnvil } from '../../support/anvil.ts'
import { drive } from '../../support/context.ts'
import { startFakeRpc } from '../../support/fake-rpc.ts'
import { sessionsIn, useFinalizerDatabase } from '../../support/finalizer-database.ts'
import { openLine } from '../../support/finalizer-line.ts'
import { AUTO_IMPERSONATE, deployer, operatorAt } from '../../support/proof-chain.ts'
import { waitFor } from '../../support/patience.ts'
import { SimulatedClock } from '../../support/simulated-clock.ts'

const databases = useFinalizerDatabase(test)
const anvil = useAnvil(test, { args: [...AUTO_IMPERSONATE] })

test.serial(
  'scenarios 10, 25: sent at the first block after the deadline, and final at its depth with the event’s outcome',
  async t => {
    const line = await openLine(t, await databases.open(t), (await anvil()).rpcUrl)
    const { kit } = line
    await kit.submit('specimen', { operator: operatorAt(0), height: 10n })
    await kit.submit('specimen', { operator: operatorAt(1), height: 10n })
    const { deadline } = await line.until(10n, 'waiting')
    // few blocks at a time: facts that lag far behind the head are a reason to wait of their own
    for (const head of [(deadline ?? 0n) - 5n, deadline ?? 0n]) {
      await kit.nextBlockIs(head + 1n)
      await line.seen()
    }
    t.is((await line.intents()).length, 0)
    await line.mine()
    await line.until(10n, 'mined')
    const [closing] = await line.orm.em.fork().find(Closing, {})
    t.is(closing?.blockNumber, (deadline ?? 0n) + 2n, 'the block after the first in which it could be sent')
    await line.mine(3)
    t.like(await line.until(10n, 'finalized'), { outcome: 'rewarded', submissions: 2, because: 'closed: rewarded' })
    t.is(await line.nonce(), 1)
    const choices = (await line.orm.em.fork().find(Decision, {}, { orderBy: { id: 'asc' } })).map(
      ({ choice }) => choice,
    )
    t.deepEqual(choices, ['wait', 'finalize'])
  },
)

test.serial('scenario 12: a session somebody else closes costs no transaction, and is known to be theirs', async t => {
  const line = await openLine(t, await databases.open(t), (await anvil()).rpcUrl, { rules: { graceBlocks: 4 } })
  const { kit } = line
  await kit.submit('specimen', { operator: operatorAt(0), height: 10n })
  const { deadline } = await line.until(10n, 'waiting')
  await kit.nextBlockIs(deadline ?? 0n)
  await kit.finalize('specimen', 10n).then(({ status }) => t.is(status, 'reverted', 'still too early'))
  t.is((await kit.finalize('specimen', 10n)).status, 'success')
  await line.mine(8)
  t.like(await line.until(10n, 'finalized-by-other'), { outcome: 'no-quorum' })
  t.is(await line.nonce(), 0)
  t.is((await line.intents()).length, 0)
})

test.serial(
  'scenario 26: a mined transaction that is reorganised away is mined again, and closes its session once',
  async t => {
    const line = await openLine(t, await databases.open(t), (await anvil()).rpcUrl)
    const { kit } = line
    await kit.submit('specimen', { operator: operatorAt(0), height: 10n })
    const { deadline } = await line.until(10n, 'waiting')
    await kit.nextBlockIs((deadline ?? 0n) + 2n)
    const { closedBlock } = await line.until(10n, 'mined')
    await kit.tools.request({ method: 'anvil_reorg' as never, params: [1, []] as never }) // not in viem's schema
    await waitFor('its block is gone', async () => {
      const found = await line.session(10n)
      return found.closedBlock !== closedBlock || found.state !== 'mined'
    })
    await waitFor('it is mined again', async () => {
      await line.mine()
      return (await line.session(10n)).state === 'finalized'
    })
    t.is(await line.nonce(), 1)
    t.is((await line.intents()).length, 1)
  },
)

test.serial('scenario 37: many sessions due at once are each sent once, with no revert and no gap', async t => {
  const line = await openLine(t, await databases.open(t), (await anvil()).rpcUrl, {
    sessionBlocks: 40n,
    rules: { maxPerPass: 16, maxInFlight: 64 },
  })
  const { kit } = line
  const heights = Array.from({ length: 30 }, (_, at) => BigInt(5 * (at + 1)))
  for (const height of heights) await kit.submit('specimen', { operator: operatorAt(0), height })
  await line.mine(45)
  for (const height of heights) await line.until(height, 'mined', 'finalized')
  await line.mine(3)
  for (const height of heights) await line.until(height, 'finalized')
  const intents = await line.intents()
  t.is(intents.length, 30)
  await waitFor('every outcome is told', async () =>
    (await line.intents()).every(({ state, acknowledgedAt }) => state === 'confirmed' && acknowledgedAt !== null),
  )
  t.deepEqual(
    intents
      .map(({ nonce }) => nonce)
      .filter(nonce => nonce !== null)
      .toSorted((a, b) => Number(a) - Number(b)),
    heights.map((_, at) => at),
  )
  t.is(await line.nonce(), 30)
})

test.serial(
  'scenario 22: without funds everything waits with its reason, and goes on by itself after a top-up',
  async t => {
    const line = await openLine(t, await databases.open(t), (await anvil()).rpcUrl, { balance: 1n })
    const { kit } = line
    await kit.submit('specimen', { operator: operatorAt(0), height: 10n })
    await line.until(10n, 'waiting')
    await line.mine(12)
    await waitFor('it says why', async () => (await line.session(10n)).because === 'account has gas for 0 calls')
    await kit.tools.setBalance({ address: line.account, value: 10n ** 18n })
    await line.mine()
    await line.until(10n, 'mined')
    t.is(await line.nonce(), 1)
  },
)

test.serial(
  'scenario 16: a transaction that is mined and reverts uses its nonce, and its session is classified by the reason',
  async t => {
    const line = await openLine(t, await databases.open(t), (await anvil()).rpcUrl)
    const { kit } = line
    for (const height of [10n, 15n]) await kit.submit('specimen', { operator: operatorAt(0), height })
    await line.until(15n, 'waiting')
    await kit.tools.setAutomine(false)
    t.teardown(() => kit.tools.setAutomine(true))
    const { deadline } = await line.session(15n)
    await kit.nextBlockIs((deadline ?? 0n) + 2n)
    await waitFor(
      'the node has both',
      async () => (await line.orm.em.fork().count(Attempt, { state: 'broadcast' })) === 2,
    )
    // somebody else pays far more and comes first in the same block
    await kit.wallet.sendTransaction({
      account: deployer.address,
      to: kit.contracts.specimen,
      data: finalizeCall('specimen', '2022', { chainId: 1n, blockHeight: 10n }),
      chain: null,
      gas: 1_000_000n,
      gasPrice: 10n ** 12n,
    })
    await line.mine()
    await line.mine(4)
    await line.until(10n, 'finalized-by-other')
    // the lane may tell of the revert before the scanner has read the other's closing
    await waitFor('the closing is read', async () => (await line.session(10n)).outcome === 'no-quorum')
    await line.until(15n, 'finalized')
    await waitFor('both outcomes are told', async () =>
      (await line.intents()).every(({ acknowledgedAt }) => acknowledgedAt !== null),
    )
    const states = (await line.intents()).map(({ state, because }) => `${state} ${because ?? ''}`)
    t.deepEqual(states.toSorted(), ['confirmed ', 'reverted Session cannot be finalized'])
    t.is(await line.nonce(), 2)
  },
)

test.serial(
  'scenarios 33, 34: killed at random moments, the coordinator and its lane forget nothing and close nothing twice',
  async t => {
    const line = await openLine(t, await databases.open(t), (await anvil()).rpcUrl, { sessionBlocks: 20n })
    const { kit, system } = line
    const heights = Array.from({ length: 12 }, (_, at) => BigInt(at + 1))
    for (const height of heights) await kit.submit('specimen', { operator: operatorAt(0), height })
    const victims = [coordinator.id, 'tx-manager:local/finalizer', 'scanner:local', 'synchronizer:local']
    for (let round = 0; round < 32; round += 1) {
      await line.mine()
      for (let wait = 0; wait < (round * 7) % 11; wait += 1) await new Promise(resolve => setImmediate(resolve))
      system.kill(victims[round % victims.length] ?? '')
    }
    await waitFor('all are final', async () => {
      await line.mine()
      const sessions = await sessionsIn(line.orm)
      return sessions.length === heights.length && sessions.every(({ state }) => state === 'finalized')
    })
    t.is(await line.nonce(), heights.length)
    t.is(await line.orm.em.fork().count(Closing, {}), heights.length)
  },
)

test.serial('a contract without code, or with another ABI, is said; the other family goes on', async t => {
  const orm = await databases.open(t)
  const line = await openLine(t, orm, (await anvil()).rpcUrl, { contracts: { result: `0x${'1'.repeat(40)}` } })
  await line.kit.submit('specimen', { operator: operatorAt(0), height: 10n })
  await line.until(10n, 'waiting')
  await line.mine(12)
  await line.until(10n, 'mined')
  t.is(await line.nonce(), 1)
})

test.serial('a pause starts nothing new; run-once makes one pass all the same', async t => {
  const orm = await databases.open(t)
  await orm.em.fork().insert(RoleControl, {
    role: 'finalizer',
    paused: true,
    by: 'operator',
    reason: 'maintenance',
    changedAt: new Date(0),
  })
  const line = await openLine(t, orm, (await anvil()).rpcUrl)
  await line.kit.submit('specimen', { operator: operatorAt(0), height: 10n })
  await line.until(10n, 'waiting')
  await line.mine(12)
  await waitFor('it says why', async () => (await line.session(10n)).because === 'paused by operator: maintenance')
  t.is((await line.intents()).length, 0)
  line.system.send(coordinator, { type: 'run-once' })
  await line.until(10n, 'mined')
})

test.serial('scenario 29: while the chain does not answer the role stays up, and catches up without loss', async t => {
  const { rpcUrl } = await anvil()
  const proxy = await startFakeRpc({ upstream: rpcUrl })
  t.teardown(() => proxy.stop())
  const line = await openLine(t, await databases.open(t), rpcUrl, { through: proxy.url })
  await line.kit.submit('specimen', { operator: operatorAt(0), height: 10n })
  await line.until(10n, 'waiting')
  let refused = 0
  proxy.rule = () => {
    refused += 1
    return 'reset'
  }
  await line.mine(12)
  await line.kit.submit('specimen', { operator: operatorAt(0), height: 15n })
  line.system.send(coordinator, { type: 'look' })
  await waitFor('the outage is waited out', () => refused > 0)
  t.is((await line.intents()).length, 0)
  proxy.rule = () => undefined
  await line.until(10n, 'mined', 'finalized')
  await line.until(15n, 'waiting')
  t.is(await line.nonce(), 1)
})

test('scenario 23: a key that is not of the configured address is refused at the start', async t => {
  const args = {
    rules: { plans: [{}], from: `0x${'a'.repeat(40)}` },
    address: `0x${'b'.repeat(40)}`,
  }
  const clock = new SimulatedClock()
  const error = await t.throwsAsync(drive(coordinatorActor, args as never, { id: 'c', clock }), {
    instanceOf: AddressMismatchError,
  }) // it looks at nothing else first
  t.like(error, { code: 'FIN_003', severity: 'fatal' })
})
