/** What a newcomer sees: the demo forges, can be paused, killed and started again, and leaves nothing behind. */
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { alive } from '../../src/embedded/child.ts'
import { useFolder } from '../support/anvil.ts'
import { batches, complaints, ready, startDaemon, until, type Daemon } from './support.ts'

const data = join(useFolder(test), 'data')
const start = (t: Parameters<typeof startDaemon>[0]): Daemon => startDaemon(t, { data, args: ['--demo'] })

/** Process ids of the embedded servers, as they note them: the database's and the chain's; null while one does not. */
async function noted(): Promise<number[] | null> {
  const files = [join(data, 'postgres', 'data', 'postmaster.pid'), join(data, 'chain', 'state.json.pid')]
  const pids = await Promise.all(
    files.map(async file => Number.parseInt(await readFile(file, 'utf8').catch(() => ''), 10)),
  )
  return pids.every(pid => pid > 0) ? pids : null
}

const servers = (): Promise<number[]> => until('both servers say who they are', noted)

const gone = (pids: readonly number[]): Promise<true> =>
  until('the servers are gone', () => (pids.some(alive) ? null : true))

const finalWithTransfers = (daemon: Daemon, above: number): Promise<number> =>
  until(`a final batch above ${above} with transfers in it`, async () => {
    const found = (await batches(daemon)).find(({ num, state, l2Txs }) => num > above && state === 'final' && l2Txs > 0)
    return found?.num ?? null
  })

test.serial('batches with transfers reach final, and Ctrl-C that arrives twice is an orderly stop', async t => {
  const daemon = start(t)
  t.true((await finalWithTransfers(daemon, 0)) > 0)
  t.regex(daemon.out(), /status page +http:\/\/127\.0\.0\.1:\d+\/\?token=/)
  const pids = await servers()
  daemon.signal('SIGINT')
  daemon.signal('SIGINT')
  t.is(await daemon.ended, 0)
  t.is(daemon.log().at(-1)?.msg, 'stopped')
  t.deepEqual(complaints(daemon), [])
  t.true(await gone(pids))
  t.false((await readdir(data)).includes('daemon.json'))
})

test.serial('a pause survives kill -9 of the daemon, which leaves no server behind', async t => {
  const killed = start(t)
  await ready(killed)
  t.is(await killed.post('/v1/forger/pause'), 200)
  const pids = await servers()
  killed.signal('SIGKILL')
  t.is(await killed.ended, null)
  t.true(await gone(pids))

  const daemon = start(t)
  await ready(daemon)
  const { paused } = await daemon.get<{ paused: { by: string } | null }>('/v1/forger')
  t.regex(paused?.by ?? '', /^operator/)
  const inFlight = async (): Promise<number> =>
    (await batches(daemon)).filter(({ state }) => ['built', 'proving', 'proven', 'sent', 'mined'].includes(state))
      .length
  await until('what was in flight is final', async () => ((await inFlight()) === 0 ? true : null))
  const before = (await batches(daemon))[0]?.num ?? 0
  t.is(await daemon.post('/v1/forger/resume'), 200)
  t.true((await finalWithTransfers(daemon, before)) > before)
  await daemon.stop()
})

test.serial('a chain or database that is killed comes back by itself, and batches go on', async t => {
  const daemon = start(t)
  await ready(daemon)
  const [postgres = 0, anvil = 0] = await servers()
  process.kill(anvil, 'SIGKILL')
  await until('another chain server', async () => ((await servers())[1] === anvil ? null : true))
  const last = (await batches(daemon))[0]?.num ?? 0
  t.true((await finalWithTransfers(daemon, last)) > last)
  process.kill(postgres, 'SIGKILL')
  await until('another database server', async () => ((await servers())[0] === postgres ? null : true))
  const next = await until('batches are shown again', async () => (await batches(daemon))[0]?.num ?? null)
  t.true((await finalWithTransfers(daemon, next)) > next)
  const left = await servers()
  daemon.signal('SIGINT')
  daemon.signal('SIGTERM') // a second signal: at once
  t.is(await daemon.ended, 0)
  t.true(await gone(left))
})
