/**
 * `kill -9` of the real daemon at random moments under load; what was lost or done twice is counted on the chain.
 *
 *   npm run chaos -- --kills 500 --seed 1 [--folder PATH] [--rate 40]
 *
 * The daemon runs with an account and no role at all: the intents are wished for by this process, each in a database
 * transaction of its own (src/actors/lanes/wish.ts). That is exactly what a role does, and it keeps the count honest:
 * who counts is not who is killed, and no business of a role stands between a wish and its effect. The business key is
 * the calldata of the transaction. (The forger's own business under kills: `npm run bench -- kill`.)
 *
 * Database and chain outlive the kills, so a kill costs two or three seconds. One in four falls into the start, the others
 * into the second after the first broadcast. With `--folder` a run that was stopped goes on where it was.
 * Prints one JSON line; exit code 1 when anything was lost, done twice, or still open at the end. Ctrl-C ends it after the
 * life that runs, with what was reached.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { openBook, type Book, type Totals } from './chaos/book.ts'
import { ended, launchDaemon, pause } from './load/daemon.ts'
import { seeded } from '../src/random.ts'
import { CONFIRMATIONS, openTxWorld, type TxWorld } from './tx/world.ts'

interface Options {
  readonly kills: number
  readonly seed: number
  /** Wishes a second. */
  readonly rate: number
  /** Null: a new one, removed at the end. */
  readonly folder: string | null
}

/** On a machine that has much else to do, a start may take its time. */
const FIRST_SEND_MS = 180_000
const DRAIN_MS = 120_000
const START_MS = 2_000
const WORK_MS = 1_200
const PART_IN_START = 0.25
/** A daemon that is mostly dead sends less than is wished for; beyond this nothing more is wished until some are settled. */
const MOST_OPEN = 2_000

function readOptions(): Options {
  const text = { type: 'string' } as const
  const { values } = parseArgs({ options: { kills: text, seed: text, rate: text, folder: text } })
  const number = (name: 'kills' | 'seed' | 'rate', otherwise: number): number => {
    const value = Number(values[name] ?? otherwise)
    if (Number.isSafeInteger(value) && value >= 0) return value
    throw new TypeError(`--${name} must be a whole number, zero or more`)
  }
  const folder = values.folder === undefined ? null : resolve(values.folder)
  return { kills: number('kills', 100), seed: number('seed', 1), rate: number('rate', 40), folder }
}

async function chaos(options: Options): Promise<boolean> {
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'fk-chaos-')))
  const world = await openTxWorld({ folder, maxInFlight: 200, resumable: options.folder !== null })
  const began = performance.now()
  try {
    const book = await openBook(world.orm, await world.chain.getBlockNumber())
    const totals = await run(options, world, book)
    const seconds = Math.round((performance.now() - began) / 1000)
    const memoryMb = Math.round(process.memoryUsage.rss() / 2 ** 20)
    process.stdout.write(`${JSON.stringify({ ...totals, seconds, memoryMb, seed: options.seed })}\n`)
    return totals.lost === 0 && totals.duplicated === 0 && totals.open === 0
  } finally {
    await world.close()
    if (options.folder === null) await rm(folder, { recursive: true, force: true })
  }
}

/** Aborted when somebody asks the run to end early. */
const asked = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => asked.abort())

async function run({ kills, seed, rate }: Options, world: TxWorld, book: Book): Promise<Totals> {
  let over = false
  const business = keepBusy(rate, world, book, () => over)
  try {
    await book.wish(10)
    for (let { kills: done } = await book.totals(); done < kills && !asked.signal.aborted; done += 1) {
      await live(world, book, seeded(seed * 1_000_003 + done), done)
      if ((done + 1) % 25 === 0) say(done + 1, await book.totals())
    }
  } finally {
    over = true
    await business
  }
  await drain(world, book)
  return book.totals()
}

/** One life of the daemon, to its violent end. */
async function live(world: TxWorld, book: Book, random: () => number, number: number): Promise<void> {
  const started = new Date()
  const daemon = launchDaemon(world.folder, world.config)
  let killed = false
  daemon.once('exit', code => {
    if (killed) return
    process.stderr.write(`the daemon ended by itself with ${code}; see ${world.folder}/daemon.log\n`)
  })
  try {
    if (random() < PART_IN_START) {
      await pause(random() * START_MS)
    } else {
      await firstSend(book, started)
      await pause(random() * WORK_MS)
    }
  } finally {
    killed = true
    await ended(daemon, 'SIGKILL')
  }
  const sent = await book.firstSendAfter(started)
  await book.noteLife(number, sent === null ? null : sent.getTime() - started.getTime())
}

async function firstSend(book: Book, started: Date): Promise<void> {
  while ((await book.firstSendAfter(started)) === null) {
    if (Date.now() - started.getTime() > FIRST_SEND_MS) throw new Error('the daemon sends nothing; see daemon.log')
    await pause(20)
  }
}

/** What a role does: wishes, and listens to outcomes. What a reader of the chain does: counts. */
async function keepBusy(rate: number, world: TxWorld, book: Book, over: () => boolean): Promise<void> {
  const began = performance.now()
  let wished = 0
  while (!over()) {
    const due = Math.floor(((performance.now() - began) / 1000) * rate) - wished
    if (due > 0 && (await book.open()) < MOST_OPEN) await book.wish(due)
    wished += Math.max(0, due)
    await book.listen()
    await count(world, book, BigInt(CONFIRMATIONS))
    await pause(100)
  }
}

async function count(world: TxWorld, book: Book, depth: bigint): Promise<void> {
  const head = await world.chain.getBlockNumber()
  await book.readTo(world.chain, world.account.address, head - depth)
}

/** A last life that nobody ends before everything is settled. */
async function drain(world: TxWorld, book: Book): Promise<void> {
  const daemon = launchDaemon(world.folder, world.config)
  const began = performance.now()
  while (performance.now() - began < DRAIN_MS) {
    const heard = await book.listen()
    const { open, told, intents } = await book.totals()
    if (heard === 0 && open === 0 && told === intents) break
    await pause(250)
  }
  await ended(daemon, 'SIGTERM')
  await count(world, book, 0n)
}

const say = (kills: number, { intents, effects, wasted }: Totals): void =>
  void process.stderr.write(`${kills} kills: ${intents} intents, ${effects} effects seen, ${wasted} wasted\n`)

process.exitCode = (await chaos(readOptions())) ? 0 : 1
