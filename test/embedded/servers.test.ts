/** The servers the daemon brings along: start, go on, end with it, refuse what cannot work. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import test from 'ava'
import { Client } from 'pg'
import { createPublicClient, createTestClient } from 'viem'
import { startAnvil } from '../../src/embedded/anvil.ts'
import { alive, ServerNotReady, startServer } from '../../src/embedded/child.ts'
import { startPostgres } from '../../src/embedded/postgres.ts'
import { silentLog } from '../../src/log.ts'
import { toNode, useFolder } from '../support/anvil.ts'
import { PATIENCE_MS } from '../support/patience.ts'
import { useDatabases } from '../support/postgres.ts'

const folder = useFolder(test)
const databases = useDatabases(test)
const holder = fileURLToPath(new URL('../support/embedded-holder.ts', import.meta.url))

async function gone(pid: number): Promise<void> {
  while (alive(pid)) await sleep(10)
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new Client(url)
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

const blockNumber = (rpcUrl: string): Promise<bigint> =>
  createPublicClient({ transport: toNode(rpcUrl) }).getBlockNumber({ cacheTime: 0 })

test('a daemon killed with -9 leaves no server behind, and its successor goes on with the same data', async t => {
  const data = join(folder, 'killed')
  const child = spawn(process.execPath, [holder, data], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  const { postgres, anvil } = JSON.parse(line.toString()) as { postgres: number; anvil: number }
  t.true(alive(postgres) && alive(anvil))
  child.kill('SIGKILL')
  // started at once: the former servers are still ending
  const [database, chain] = await Promise.all([
    startPostgres({ folder: join(data, 'postgres'), log: silentLog, durable: false }),
    startAnvil({ stateFile: join(data, 'chain.json'), chainId: 31_337, log: silentLog }),
  ])
  await Promise.all([gone(postgres), gone(anvil)])
  t.deepEqual(await query(database.url, 'select x from kept'), [{ x: 7 }])
  t.is(await blockNumber(chain.rpcUrl), 5n)
  await Promise.all([database.stop(PATIENCE_MS), chain.stop(PATIENCE_MS)])
  t.false(alive(database.pid) || alive(chain.pid))
})

test('a creation of the database that was cut off is started again, and so is a server that was killed', async t => {
  const where = join(folder, 'half')
  await mkdir(join(where, 'data.new-abcdef'), { recursive: true })
  await writeFile(join(where, 'data.new-abcdef', 'PG_VERSION'), '18\n')
  const first = await startPostgres({ folder: where, log: silentLog, durable: false })
  await query(first.url, 'create table kept as select 7 as x')
  t.deepEqual(
    (await readdir(where)).filter(name => name.startsWith('data')),
    ['data'],
  )
  process.kill(first.pid, 'SIGKILL')
  const { signal, tail } = await first.exited
  t.is(signal, 'SIGKILL')
  t.is(typeof tail, 'string')
  const second = await startPostgres({ folder: where, log: silentLog, durable: false })
  t.deepEqual(await query(second.url, 'select x from kept'), [{ x: 7 }])
  await second.stop(PATIENCE_MS)
})

test('a folder that is too deep for a socket gets its socket elsewhere, and a stale process id is no obstacle', async t => {
  const where = join(folder, 'a-very-deep-folder'.repeat(5))
  const first = await startPostgres({ folder: where, log: silentLog, durable: false })
  t.not(first.socketFolder, where)
  t.deepEqual(await query(first.url, 'select 1 as one'), [{ one: 1 }])
  await first.stop(PATIENCE_MS)
  // the id of a living stranger, as after a restart of the machine
  await writeFile(join(where, 'data', 'postmaster.pid'), `${process.pid}\n${where}\n`)
  const second = await startPostgres({ folder: where, log: silentLog, durable: false })
  t.deepEqual(await query(second.url, 'select 2 as two'), [{ two: 2 }])
  await second.stop(PATIENCE_MS)
})

test('data of another PostgreSQL version is refused by name', async t => {
  const where = join(folder, 'old')
  await mkdir(join(where, 'data'), { recursive: true })
  await writeFile(join(where, 'data', 'PG_VERSION'), '12\n')
  await t.throwsAsync(startPostgres({ folder: where, log: silentLog }), { code: 'DB_023', message: /PostgreSQL 12/ })
})

test('a server that ends or stays silent instead of getting ready is an error with what it printed', async t => {
  const shell = { command: '/bin/sh', stopSignal: 'TERM', orphanGraceMs: 100 } as const
  const ends = startServer({
    ...shell,
    args: ['-c', 'echo no; exit 3'],
    ready: () => undefined,
    readyWithinMs: PATIENCE_MS,
  })
  const ended = await t.throwsAsync(ends, { instanceOf: ServerNotReady, message: /no/ })
  t.is(ended?.exit.code, 3)
  const silent = startServer({ ...shell, args: ['-c', 'exec sleep 60'], ready: () => undefined, readyWithinMs: 50 })
  await t.throwsAsync(silent, { instanceOf: ServerNotReady, message: /not ready after 50 ms/ })
  const missing = startServer({
    ...shell,
    command: '/nowhere',
    args: [],
    ready: () => undefined,
    readyWithinMs: PATIENCE_MS,
  })
  await t.throwsAsync(missing, { instanceOf: ServerNotReady })
})

test('a server that does not stop in time is killed', async t => {
  const server = await startServer({
    command: '/bin/sh',
    args: ['-c', 'trap "" TERM; echo up; while :; do sleep 0.05; done'],
    stopSignal: 'TERM',
    ready: printed => (printed.includes('up') ? true : undefined),
    readyWithinMs: PATIENCE_MS,
    orphanGraceMs: 60_000,
  })
  const exit = await server.stop(100)
  t.is(exit.signal, 'SIGKILL')
  t.false(alive(server.pid))
})

test('a chain state that was cut off is replaced by the copy', async t => {
  const stateFile = join(folder, 'cut', 'state.json')
  const first = await startAnvil({ stateFile, chainId: 31_337, log: silentLog })
  await createTestClient({ mode: 'anvil', transport: toNode(first.rpcUrl) }).mine({ blocks: 3 })
  await first.stop(PATIENCE_MS)
  const whole = await readFile(stateFile, 'utf8')
  await writeFile(`${stateFile}.copy`, whole)
  await writeFile(stateFile, whole.slice(0, 1000))
  const second = await startAnvil({ stateFile, chainId: 31_337, log: silentLog })
  t.is(await blockNumber(second.rpcUrl), 3n)
  await second.stop(PATIENCE_MS)
})

test('an anvil that cannot start says why, without the keys it prints', async t => {
  const wrong = startAnvil({ chainId: 1, args: ['--hardfork', 'atlantis'], log: silentLog })
  await t.throwsAsync(wrong, { code: 'CHN_021', message: /atlantis/ })
})

test('on a machine without binaries of its own both servers say what is missing and what to do', async t => {
  const source = fileURLToPath(new URL('../../src', import.meta.url))
  const script = `Object.defineProperty(process, 'platform', { value: 'sunos' })
    process.env.PATH = ''
    const { startAnvil } = await import('${source}/embedded/anvil.ts')
    const { startPostgres } = await import('${source}/embedded/postgres.ts')
    const { silentLog: log } = await import('${source}/log.ts')
    const told = async start => start.then(() => 'started', error => error.code + ' ' + error.message + ' ' + error.hint)
    console.log(JSON.stringify([
      await told(startAnvil({ chainId: 1, log })),
      await told(startPostgres({ folder: ${JSON.stringify(join(folder, 'none'))}, log })),
    ]))`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script])
  const [chain, database] = JSON.parse(stdout) as [string, string]
  t.regex(chain, /^CHN_020 .*anvil-sunos.*PATH.*RPC URL/)
  t.regex(database, /^DB_020 .*sunos-.*URL of a PostgreSQL/)
})

test('databases for tests are empty or copies of a template', async t => {
  await databases.template('one', async url => void (await query(url, 'create table t as select 1 as x')))
  const [empty, copy] = await Promise.all([databases.create(), databases.create('one')])
  t.deepEqual(await query(copy, 'select x from t'), [{ x: 1 }])
  await t.throwsAsync(query(empty, 'select x from t'), { message: /does not exist/ })
})
