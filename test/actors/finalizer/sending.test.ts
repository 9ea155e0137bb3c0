/** Closing sessions when account, database or log source are not as they should be. */
import test from 'ava'
import { Client } from 'pg'
import { privateKeyToAccount } from 'viem/accounts'
import { createWalletClient } from 'viem'
import { foundry } from 'viem/chains'
import { coordinator } from '../../../src/actors/finalizer/messages.ts'
import { RoleControl } from '../../../src/entities/kernel/operations.ts'
import { TEST_KEYS, toNode, useAnvil } from '../../support/anvil.ts'
import { startFakeRpc, type FakeCall, type Rule } from '../../support/fake-rpc.ts'
import { sessionsIn, useFinalizerDatabase } from '../../support/finalizer-database.ts'
import { openLine } from '../../support/finalizer-line.ts'
import { AUTO_IMPERSONATE, operatorAt } from '../../support/proof-chain.ts'
import { waitFor } from '../../support/patience.ts'

const databases = useFinalizerDatabase(test)
const anvil = useAnvil(test, { args: [...AUTO_IMPERSONATE] })

test.serial(
  'scenario 8: a range of logs refused as too large is halved until it passes, and no session is skipped',
  async t => {
    const { rpcUrl } = await anvil()
    const asked: number[] = []
    const span = ({ params }: FakeCall): number => {
      const [filter] = params as readonly [{ fromBlock?: string; toBlock?: string }]
      return filter.fromBlock === undefined ? 1 : Number(filter.toBlock) - Number(filter.fromBlock) + 1
    }
    const rule = (call: FakeCall): Rule | undefined => {
      if (call.method !== 'eth_getLogs') return undefined
      asked.push(span(call))
      return span(call) > 3 ? { error: { code: -32005, message: 'query returned more than 10000 results' } } : undefined
    }
    const proxy = await startFakeRpc({ upstream: rpcUrl })
    t.teardown(() => proxy.stop())
    const line = await openLine(t, await databases.open(t), rpcUrl, { through: proxy.url, sessionBlocks: 100n })
    await line.kit.submit('specimen', { operator: operatorAt(0), height: 1n })
    await line.until(1n, 'waiting')
    proxy.rule = () => 'reset' // so that many blocks wait to be read
    const heights = Array.from({ length: 20 }, (_, at) => BigInt(at + 2))
    for (const height of heights) await line.kit.submit('specimen', { operator: operatorAt(0), height })
    proxy.rule = rule
    await waitFor('all are there', async () => (await sessionsIn(line.orm)).length === 21)
    t.true(
      asked.some(blocks => blocks > 3),
      'a large range was asked for',
    )
  },
)

test.serial('scenario 31: nothing is read past a range that the source does not give', async t => {
  const { rpcUrl } = await anvil()
  const proxy = await startFakeRpc({ upstream: rpcUrl })
  t.teardown(() => proxy.stop())
  const line = await openLine(t, await databases.open(t), rpcUrl, { through: proxy.url, sessionBlocks: 100n })
  await line.kit.submit('specimen', { operator: operatorAt(0), height: 1n })
  await line.until(1n, 'waiting')
  const before = await cursor()
  proxy.rule = call =>
    call.method === 'eth_getLogs' ? { error: { code: -32000, message: 'pruned history unavailable' } } : undefined
  const refused = proxy.calls.length
  await line.kit.submit('specimen', { operator: operatorAt(0), height: 2n })
  await line.mine(3)
  await waitFor(
    'it was asked in vain',
    () => proxy.calls.slice(refused).filter(({ method }) => method === 'eth_getLogs').length > 2,
  )
  t.is(await cursor(), before)
  proxy.rule = () => undefined
  await line.until(2n, 'waiting')

  async function cursor(): Promise<string | undefined> {
    const rows: { number: string }[] = await line.orm.em
      .fork()
      .execute(`select number from kernel.cursor where source = 'finalizer/specimen'`)
    return rows[0]?.number
  }
})

test.serial(
  'scenarios 17, 18: another program that uses the same key takes nonces, and no session is lost',
  async t => {
    const { rpcUrl } = await anvil()
    const signer = privateKeyToAccount(TEST_KEYS[3])
    const line = await openLine(t, await databases.open(t), rpcUrl, { signer })
    const { kit } = line
    const before = await line.nonce()
    const heights = [1n, 2n, 3n]
    for (const height of heights) await kit.submit('specimen', { operator: operatorAt(0), height })
    await line.until(3n, 'waiting')
    const wallet = createWalletClient({ account: signer, chain: foundry, transport: toNode(rpcUrl) })
    const steal = async (): Promise<void> => {
      await wallet
        .sendTransaction({ to: signer.address, value: 0n, gasPrice: 10n ** 11n, nonce: await line.nonce() })
        .catch(() => {})
    }
    for (let round = 0; round < 16; round += 1) {
      await line.mine()
      await steal()
    }
    await waitFor('all are final', async () => {
      await line.mine()
      return (await sessionsIn(line.orm)).every(({ state }) => state === 'finalized')
    })
    t.true((await line.nonce()) > before + heights.length, 'the other program used some')
    t.is((await line.intents()).length, heights.length)
  },
)

test.serial(
  'scenario 30: while the own database does not answer nothing is sent; then work resumes by itself',
  async t => {
    const orm = await databases.open(t)
    const line = await openLine(t, orm, (await anvil()).rpcUrl)
    await line.kit.submit('specimen', { operator: operatorAt(0), height: 10n })
    await line.until(10n, 'waiting')
    const admin = new Client(await databases.plain.serverUrl())
    await admin.connect()
    t.teardown(() => admin.end())
    const [row]: { name: string }[] = await orm.em.fork().execute('select current_database() as name')
    await admin.query(`alter database ${row?.name} with allow_connections false`)
    await waitFor('no connection is left', async () => {
      const { rowCount } = await admin.query(
        'select pg_terminate_backend(pid) from pg_stat_activity where datname = $1',
        [row?.name],
      )
      return rowCount === 0
    })
    await line.mine(14)
    line.system.send(coordinator, { type: 'look' })
    await t.throwsAsync(sessionsIn(orm))
    t.is(await line.nonce(), 0, 'what cannot be recorded is not sent')
    await admin.query(`alter database ${row?.name} with allow_connections true`)
    await line.until(10n, 'mined', 'finalized')
    t.is(await line.nonce(), 1)
  },
)

test.serial(
  'scenario 14: a session that the contract does not know is dropped with an alert, and the others go on',
  async t => {
    const warned: string[] = []
    const { rpcUrl } = await anvil()
    const line = await openLine(t, await databases.open(t), rpcUrl, { warned })
    const { kit } = line
    await kit.submit('specimen', { operator: operatorAt(0), height: 10n })
    await line.until(10n, 'waiting')
    await line.orm.em.fork().execute(
      `insert into finalizer.session (chain, family, origin_chain_id, origin_height, contract, deadline, start_block, start_tx,
       submissions, next_attempt_at, seen_at, updated_at)
     select chain, family, 77, origin_height, contract, deadline, start_block, 'other', 1, now(), now(), now()
     from finalizer.session`,
    )
    await line.mine(12)
    await waitFor('the one is dropped', async () =>
      (await sessionsIn(line.orm)).some(({ state }) => state === 'dropped'),
    )
    await waitFor('the other is mined', async () => (await sessionsIn(line.orm)).some(({ state }) => state === 'mined'))
    await waitFor('it is said', () => warned.some(text => text.includes('a session cannot be closed')))
    t.is(await line.nonce(), 1)
  },
)

test.serial('paused before a session is due, nothing is tried; resumed, it is', async t => {
  const orm = await databases.open(t)
  const line = await openLine(t, orm, (await anvil()).rpcUrl)
  await line.kit.submit('specimen', { operator: operatorAt(0), height: 10n })
  await line.until(10n, 'waiting')
  await orm.em.fork().insert(RoleControl, { role: 'finalizer', paused: true, by: 'operator', changedAt: new Date(0) })
  await line.mine(12)
  await waitFor('it waits', async () => (await line.session(10n)).because === 'paused by operator')
  t.is((await line.intents()).length, 0)
  await orm.em.fork().nativeUpdate(RoleControl, { role: 'finalizer' }, { paused: false })
  line.system.send(coordinator, { type: 'look' })
  await line.until(10n, 'mined')
  t.is((await line.intents()).length, 1)
})
