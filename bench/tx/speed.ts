/**
 * Durable transactions a second for one account, and the processor time of each, beside plain viem in the same minutes.
 */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { median, startHost, type Host } from './daemon.ts'
import { cpuMsOf } from './processes.ts'
import type { TxWorld } from './world.ts'
import { PEER_KEY } from './world.ts'

export interface Speed {
  /** Wished for, sent, mined, confirmed in the database and told: a second. Medians of the rounds. */
  readonly perSecond: number
  /** viem prepares everything itself; sent and mined, nothing kept. */
  readonly viemPerSecond: number
  /** viem is given gas and fees. */
  readonly viemGivenPerSecond: number
  /** Medians of the ratios within a round. */
  readonly ratio: number
  readonly ratioGiven: number
  readonly cpuUs: number
  readonly viemCpuUs: number
  readonly rounds: readonly Round[]
}

interface Round {
  readonly ours: Rate
  readonly viem: Rate
  readonly given: Rate
}

interface Rate {
  readonly perSecond: number
  readonly cpuUs: number
  /** Of the node and of the database in the same time. */
  readonly nodeCpuUs: number
  readonly databaseCpuUs: number
}

const run = promisify(execFile)
const IN_FLIGHT = 64

/** `profile`: the folder for processor profiles of the daemon. */
export async function measureSpeed(world: TxWorld, count: number, size: number, profile?: string): Promise<Speed> {
  const rounds: Round[] = []
  for (let round = 1; round <= count; round += 1) {
    const viem = await viemRate(world, Math.ceil(size / 2), 'plain')
    const ours = await ourRate(world, size, profile)
    const given = await viemRate(world, Math.ceil(size / 2), 'given')
    rounds.push({ viem, ours, given })
    process.stderr.write(`speed ${round} of ${count}: ${JSON.stringify({ ours, viem, given })}\n`)
  }
  const middle = (pick: (round: Round) => number): number => median(rounds.map(pick))
  return {
    perSecond: middle(({ ours }) => ours.perSecond),
    viemPerSecond: middle(({ viem }) => viem.perSecond),
    viemGivenPerSecond: middle(({ given }) => given.perSecond),
    ratio: middle(({ ours, viem }) => ours.perSecond / viem.perSecond),
    ratioGiven: middle(({ ours, given }) => ours.perSecond / given.perSecond),
    cpuUs: middle(({ ours }) => ours.cpuUs),
    viemCpuUs: middle(({ viem }) => viem.cpuUs),
    rounds,
  }
}

async function viemRate(world: TxWorld, count: number, mode: 'plain' | 'given'): Promise<Rate> {
  const script = join(import.meta.dirname, 'viem-peer.ts')
  const args = [script, world.anvil.rpcUrl, PEER_KEY, String(count), String(IN_FLIGHT), mode]
  const others = await watchServers(world, count)
  const { stdout } = await run(process.execPath, args)
  const { perSecond, cpuUs } = JSON.parse(stdout) as Pick<Rate, 'perSecond' | 'cpuUs'> // printed by our own script
  return { perSecond, cpuUs, ...(await others()) }
}

/** A fresh daemon for each round; the first transactions only warm it up, as viem's client has no database to open. */
async function ourRate(world: TxWorld, count: number, profile?: string): Promise<Rate> {
  const host = await startHost(world, profile)
  await settled(host, 0, 50)
  const before = await host.usage()
  const others = await watchServers(world, count)
  const began = performance.now()
  await settled(host, 50, count)
  const seconds = (performance.now() - began) / 1000
  const after = await host.usage()
  const servers = await others()
  await host.stop()
  return { perSecond: count / seconds, cpuUs: ((after.cpuMs - before.cpuMs) * 1000) / count, ...servers }
}

/** Of each transaction, from now to the call of the answer. */
async function watchServers(
  { anvil, postgresPid }: TxWorld,
  count: number,
): Promise<() => Promise<Pick<Rate, 'nodeCpuUs' | 'databaseCpuUs'>>> {
  const before = [await cpuMsOf(anvil.pid), await cpuMsOf(postgresPid)] as const
  return async () => ({
    nodeCpuUs: ((await cpuMsOf(anvil.pid)) - before[0]) * (1000 / count),
    databaseCpuUs: ((await cpuMsOf(postgresPid)) - before[1]) * (1000 / count),
  })
}

async function settled(host: Host, before: number, count: number): Promise<void> {
  host.wish(count, 0)
  await host.told(before + count)
}
