import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { debugFiles, debugFilesActor, fileName } from '../../../src/actors/forger/debug-files.ts'
import type { Look } from '../../../src/actors/forger/messages.ts'
import { Batch, ProverJob } from '../../../src/entities/forger/batch.ts'
import type { Orm } from '../../../src/entities/orm.ts'
import { stillClock } from '../../http/harness.ts'
import { drive, type DrivenActor } from '../../support/context.ts'
import { storeBatch, useForgerDatabase } from '../../support/forger-database.ts'

const database = useForgerDatabase(test)
const look: Look = { type: 'look' }

interface Scene {
  readonly orm: Orm
  readonly folder: string
  readonly files: () => Promise<string[]>
  readonly read: (num: number) => Promise<Record<string, unknown>>
  readonly start: (keep?: number) => Promise<DrivenActor<Look>>
}

async function scene(t: ExecutionContext): Promise<Scene> {
  const orm = await database(t)
  const folder = await mkdtemp(join(tmpdir(), 'fk-debug-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const files = async (): Promise<string[]> => (await readdir(folder)).toSorted()
  return {
    orm,
    folder,
    files,
    read: async num => {
      const name = (await files()).find(file => file.startsWith(String(num).padStart(8, '0'))) ?? ''
      return JSON.parse(await readFile(join(folder, name), 'utf8')) as Record<string, unknown>
    },
    start: (keep = 10) =>
      drive(debugFilesActor, { db: () => orm, folder, keep }, { id: debugFiles.id, clock: stillClock }),
  }
}

const statusOf = (dump: Record<string, unknown>): unknown => (dump['Debug'] as { Status: string }).Status

test('scenario 89: a file is named after the batch and the moment it was begun', t => {
  t.is(fileName(7, new Date(1_616_586_600_045)), '00000007-1616586600.045.json')
  t.is(fileName(118, new Date(1_700_000_000_007)), '00000118-1700000000.007.json')
})

test('scenario 89: a batch has one file, written again at every step, which keeps the inputs to the end', async t => {
  const { orm, files, read, start, folder } = await scene(t)
  const id = BigInt(await storeBatch(orm.em.fork(), { num: 7, proverInput: '{"currentNumBatch":"7"}' }))
  const actor = await start()
  await actor.deliver(look)
  t.is(statusOf(await read(7)), 'forged')
  const [name] = await files()
  t.is((await stat(join(folder, name ?? ''))).mode & 0o777, 0o640)

  const em = orm.em.fork()
  const at = new Date(stillClock.now())
  em.create(ProverJob, { batch: id, prover: 'prover-1', attempt: 1, postedAt: at, deadlineAt: at })
  await em.flush()
  await actor.deliver(look)
  t.like(await read(7), { ServerProof: { Name: 'prover-1' } })

  await em.nativeUpdate(Batch, { id }, { state: 'final', finalAt: at, proverInput: null })
  await actor.deliver(look)
  const last = await read(7)
  t.is(statusOf(last), 'confirmed')
  t.deepEqual(last['ZKInputs'], { currentNumBatch: '7' })
  t.is((await files()).length, 1)
})

test('scenario 89: big numbers lose no digit, and nothing that signs is in the file', async t => {
  const { orm, files, folder, start } = await scene(t)
  const publicInput = 2n ** 253n + 1n
  const id = BigInt(await storeBatch(orm.em.fork(), { num: 7, publicInput }))
  await orm.em.fork().nativeUpdate(Batch, { id }, { newRoot: publicInput })
  await (await start()).deliver(look)
  const text = await readFile(join(folder, (await files())[0] ?? ''), 'utf8')
  t.true(text.includes(`"${publicInput}"`), 'a decimal string, which every reader keeps whole')
  t.notRegex(text, /private|secret|"raw"|rawTransaction|password/i)
  t.notRegex(text, /[^"\d]\d{17,}[^"\d]/, 'no bare number that a reader would round')
})

test('nothing is written when nothing happened', async t => {
  const { orm, folder, files, start } = await scene(t)
  await storeBatch(orm.em.fork(), { num: 1 })
  const actor = await start()
  await actor.deliver(look)
  const path = join(folder, (await files())[0] ?? '')
  await writeFile(path, 'touched by hand')
  await actor.deliver(look)
  t.is(await readFile(path, 'utf8'), 'touched by hand')
})

test('batches built later are seen, and only the newest files are kept', async t => {
  const { orm, files, start } = await scene(t)
  const actor = await start(2)
  await actor.deliver(look)
  for (const num of [1, 2, 3]) {
    await storeBatch(orm.em.fork(), { num })
    await actor.deliver(look)
  }
  t.deepEqual(
    (await files()).map(name => name.slice(0, 8)),
    ['00000002', '00000003'],
  )
})

test('what was settled while nobody wrote is written at the next start', async t => {
  const { orm, read, start } = await scene(t)
  const id = BigInt(await storeBatch(orm.em.fork(), { num: 4 }))
  await (await start()).deliver(look)
  await orm.em.fork().nativeUpdate(Batch, { id }, { state: 'discarded', because: 'reorg' })
  await (await start()).deliver(look)
  t.like(await read(4), { State: 'discarded', Because: 'reorg', ZKInputs: { batch: 4 } })
})

test('a folder that cannot be written is a warning, and the work goes on', async t => {
  const { orm, folder } = await scene(t)
  await storeBatch(orm.em.fork(), { num: 1 })
  const file = join(folder, 'a-file')
  await writeFile(file, '')
  const args = { db: () => orm, folder: join(file, 'below'), keep: 5 }
  const actor = await drive(debugFilesActor, args, { id: debugFiles.id, clock: stillClock })
  await actor.deliver(look)
  t.like(actor.logs[0], { level: 'warn', text: 'a debug file could not be written' })
})
