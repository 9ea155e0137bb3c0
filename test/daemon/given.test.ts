/** The demo's contracts and traffic on a database, a chain and provers that are given, as docker-compose runs it. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { runMockProvers } from '../../src/actors/forger/mock-prover.ts'
import { silentLog } from '../../src/log.ts'
import { TEST_CHAIN_ID, useAnvil, useFolder } from '../support/anvil.ts'
import { useDatabases } from '../support/postgres.ts'
import { startPostgres15 } from '../support/postgres-15.ts'
import { batches, startDaemon, until } from './support.ts'

const data = join(useFolder(test), 'data')
const anvil = useAnvil(test, { blockTimeSeconds: 1 })
const databases = useDatabases(test)

/** On the oldest PostgreSQL that is supported, where this machine has it. */
async function database(t: ExecutionContext): Promise<string> {
  const old = await startPostgres15()
  if (old === null) return databases.create()
  t.teardown(() => old.end())
  return old.create()
}

test.serial('the demo uses what is given and starts nothing of its own in its place', async t => {
  const options = { port: 0, delayMs: 200, failRate: 0, hangRate: 0, seed: 1, log: silentLog }
  const provers = await runMockProvers(2, options)
  t.teardown(() => Promise.all(provers.map(prover => prover.close())))
  const daemon = startDaemon(t, {
    data,
    args: ['--demo'],
    env: {
      FORGEKEEPER_DATABASE_URL: 'env:TEST_DATABASE',
      TEST_DATABASE: await database(t),
      FORGEKEEPER_CHAINS_LOCAL_RPC: (await anvil()).rpcUrl,
      FORGEKEEPER_CHAINS_LOCAL_CHAIN_ID: String(TEST_CHAIN_ID),
      FORGEKEEPER_CHAINS_LOCAL_CONFIRMATIONS: '1',
      FORGEKEEPER_FORGER_PROVERS_URLS: provers.map(({ url }) => url).join(','),
    },
  })
  await until('a final batch with transfers', async () =>
    (await batches(daemon)).some(({ state, l2Txs }) => state === 'final' && l2Txs > 0) ? true : null,
  )
  const tree = JSON.stringify(await daemon.get('/v1/tree'))
  t.false(tree.includes('node:local'))
  t.false(tree.includes('forger/demo-provers'))
  t.false(existsSync(join(data, 'postgres')))
  t.false(existsSync(join(data, 'chain')))
  t.is(await daemon.stop(), 0)
})

test.serial('a given chain where the contracts cannot come to their places is refused and left alone', async t => {
  // the chain of the test before, as if its deployer had done something else there: no auction where it should be
  const { rpcUrl } = await anvil()
  await fetch(rpcUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'anvil_setCode',
      params: ['0xe7f1725E7734CE288F8367e1Bb143E90bb3F0512', '0x'],
    }),
  })
  const daemon = startDaemon(t, {
    data: `${data}-2`,
    args: ['--demo'],
    env: {
      FORGEKEEPER_DATABASE_URL: 'env:TEST_DATABASE',
      TEST_DATABASE: await databases.create(),
      FORGEKEEPER_CHAINS_LOCAL_RPC: rpcUrl,
      FORGEKEEPER_CHAINS_LOCAL_CHAIN_ID: String(TEST_CHAIN_ID),
    },
  })
  t.is(await daemon.ended, 78)
  t.is(daemon.log().findLast(({ msg }) => msg === 'the daemon cannot go on')?.code, 'FRG_020')
})
