/** The finalizer's demo as a newcomer sees it: sessions wait with reasons, are closed and paid, also after a restart. */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import test from 'ava'
import { alive } from '../../src/embedded/child.ts'
import { useFolder } from '../support/anvil.ts'
import { complaints, ready, startDaemon, until, type Daemon } from './support.ts'

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const data = join(useFolder(test), 'data')

interface Shown {
  readonly subject: string
  readonly family: string
  readonly state: string
  readonly outcome: string | null
  readonly because: string | null
  readonly startBlock: string | null
}

const sessions = async (daemon: Daemon, query: string): Promise<readonly Shown[]> =>
  (await daemon.get<{ sessions?: readonly Shown[] }>(`/v1/finalizer/sessions?limit=200&${query}`)).sessions ?? []

const rewarded = (daemon: Daemon, family: string, above: number): Promise<Shown> =>
  until(`a rewarded ${family} session above block ${above}`, async () => {
    const found = await sessions(daemon, `state=finalized&family=${family}`)
    return found.find(one => one.outcome === 'rewarded' && Number(one.startBlock) > above) ?? null
  })

async function servers(): Promise<number[]> {
  const files = [join(data, 'postgres', 'data', 'postmaster.pid'), join(data, 'chain', 'state.json.pid')]
  return Promise.all(files.map(async file => Number.parseInt(await readFile(file, 'utf8'), 10)))
}

test.serial('alone it shows sessions waiting with reasons, closed and rewarded, and leaves nothing behind', async t => {
  const daemon = startDaemon(t, { data, args: ['--demo', '--roles', 'finalizer'] })
  const waiting = await until('a session that waits for its deadline', async () => {
    const found = await sessions(daemon, 'state=waiting')
    return found.find(({ because }) => /^deadline in \d+ blocks?$/.test(because ?? '')) ?? null
  })
  const { details } = await daemon.get<{ details: { sessions: readonly { deadline: string }[] } }>(
    `/v1/explain/${waiting.subject}`,
  )
  t.regex(details.sessions[0]?.deadline ?? '', /^\d+$/)
  for (const family of ['specimen', 'result']) t.truthy(await rewarded(daemon, family, 0))
  const unpaid = await until('a session without a quorum', async () => {
    const found = await sessions(daemon, 'state=finalized')
    return found.find(({ outcome }) => outcome === 'no-quorum') ?? null
  })
  t.is(unpaid.because, 'closed: no-quorum')
  await ready(daemon)
  t.regex(daemon.out(), /sessions +npx forgekeeper sessions/)
  const flags = ['--data-folder', data]
  const cli = await promisify(execFile)(process.execPath, [MAIN, 'sessions', ...flags])
  t.regex(cli.stdout, /session\/\d+:\d+ +(specimen|result)/)
  const pids = await servers()
  t.is(await daemon.stop(), 0)
  t.deepEqual(complaints(daemon), [])
  await until('the servers are gone', () => (pids.some(alive) ? null : true))
})

test.serial('with the forger beside it, on the same chain and database, it goes on after kill -9', async t => {
  const killed = startDaemon(t, { data, args: ['--demo', '--roles', 'forger,finalizer'] })
  const last = await rewarded(killed, 'specimen', 0)
  killed.signal('SIGKILL')
  await killed.ended
  const daemon = startDaemon(t, { data, args: ['--demo', '--roles', 'forger,finalizer'] })
  t.truthy(await rewarded(daemon, 'specimen', Number(last.startBlock)))
  t.is(await daemon.post('/v1/finalizer/pause'), 200)
  const parked = await until('a session that is due waits for the person who paused', async () => {
    const found = await sessions(daemon, 'open=true')
    return found.find(({ because }) => because?.startsWith('paused by operator')) ?? null
  })
  t.is(await daemon.post('/v1/finalizer/run-once'), 202)
  await until('one pass closes it nevertheless', async () => {
    const [chain, height] = parked.subject.slice('session/'.length).split(':')
    const one = await sessions(daemon, `chain=${chain}&fromHeight=${height}&toHeight=${height}&family=${parked.family}`)
    return one[0]?.state === 'finalized' ? true : null
  })
  t.is(await daemon.stop(), 0)
})
