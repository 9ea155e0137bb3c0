/**
 * How many valid signed transfers a second the pool API accepts over loopback: real server, real database, signature threads.
 * The client runs in a process of its own, with one pool of connections, and signs before the clock starts.
 *
 *   node bench/pool-api.ts [--transactions 3000] [--accounts 200] [--connections 16] [--threads 1]
 *
 * Prints one JSON line: accepted, refused, a second, latency in ms, the server's CPU time for one in ms (threads
 * included), the longest pause of the server's event loop in ms.
 */
import type { RequiredEntityData } from '@mikro-orm/core'
import { fork } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { parseArgs } from 'node:util'
import { poolApi } from '../src/actors/forger/pool-api/pool-api.ts'
import { tokenValuesOf } from '../src/actors/forger/token-values.ts'
import { systemClock } from '../src/clock.ts'
import { startPostgres } from '../src/embedded/postgres.ts'
import { Account } from '../src/entities/forger/batch.ts'
import { forgerSchema } from '../src/entities/forger/index.ts'
import { silentLog } from '../src/log.ts'
import { bodyOf, CHAIN_ID, l2Tx, ROLLUP, wallet } from '../test/actors/forger/pool-api/wallet.ts'
import { bareRole, openTestOrm, serve } from '../test/http/harness.ts'

const FIRST = 256
const { values } = parseArgs({
  options: {
    transactions: { type: 'string', default: '3000' },
    accounts: { type: 'string', default: '200' },
    connections: { type: 'string', default: '16' },
    threads: { type: 'string', default: '1' },
    client: { type: 'string' },
  },
})
const size = {
  transactions: Number(values.transactions),
  accounts: Number(values.accounts),
  connections: Number(values.connections),
  threads: Number(values.threads),
}

interface Outcome {
  readonly accepted: number
  readonly refused: number
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
}

async function server(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'fk-bench-'))
  const postgres = await startPostgres({ folder, log: silentLog, durable: true })
  const orm = await openTestOrm(postgres.url, [forgerSchema])
  await orm.em.fork().insertMany(
    Account,
    Array.from({ length: size.accounts }, (_, index) => accountRow(index)),
  )
  const domain = () => ({ chainId: CHAIN_ID, rollup: ROLLUP })
  const feeRange = { values: tokenValuesOf([]), minUsd: 0, maxUsd: 0 }
  const options = {
    orm: () => orm,
    clock: systemClock,
    domain,
    maxTxs: 1_000_000,
    feeRange,
    signatureThreads: size.threads,
  }
  const role = bareRole({ publicRoutes: () => poolApi(options) })
  const limits = { bodyLimit: 1_000_000, rateLimit: 1_000_000 }
  const { app } = await serve({ orm: () => orm, roles: [role], clock: systemClock, limits })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const delay = monitorEventLoopDelay({ resolution: 5 })
  const child = fork(import.meta.filename, [...process.argv.slice(2), '--client', url])
  let before = process.cpuUsage()
  child.on('message', message => {
    if (message === 'begin') {
      delay.enable()
      before = process.cpuUsage()
      return
    }
    const { user, system } = process.cpuUsage(before)
    const serverCpuMs = round((user + system) / 1000 / size.transactions)
    console.log(
      JSON.stringify({ ...size, ...(message as Outcome), serverCpuMs, eventLoopMaxMs: round(delay.max / 1e6) }),
    )
  })
  await new Promise(resolve => {
    child.on('close', resolve)
  })
  await app.close()
  await orm.close()
  await postgres.stop(2000)
  await rm(folder, { recursive: true, force: true })
}

const accountRow = (index: number): RequiredEntityData<Account> => {
  const { key, ethAddr } = wallet(index + 1)
  const fixed = { tokenId: 0n, nonce: 0n, balance: 10n ** 24n, batchNum: 0 }
  return { idx: BigInt(FIRST + index), ...fixed, ay: key.ay, sign: key.sign, ethAddr }
}

async function client(url: string): Promise<void> {
  const wallets = Array.from({ length: size.accounts }, (_, index) => wallet(index + 1))
  const bodies = Array.from({ length: size.transactions }, (_, index) => {
    const from = index % size.accounts
    const to = FIRST + ((from + 1) % size.accounts)
    const tx = l2Tx({ fromIdx: FIRST + from, toIdx: to, nonce: Math.floor(index / size.accounts) })
    return JSON.stringify(bodyOf(tx, wallets[from] ?? wallet(1)))
  })
  const agent = new Agent({ keepAlive: true, maxSockets: size.connections })
  const taken: number[] = []
  let refused = 0
  const loop = async (): Promise<void> => {
    for (let body = bodies.pop(); body !== undefined; body = bodies.pop()) {
      const startedAt = performance.now()
      if ((await post(`${url}/v1/transactions-pool`, body, agent)) === 200) taken.push(performance.now() - startedAt)
      else refused++
    }
  }
  process.send?.('begin')
  const startedAt = performance.now()
  await Promise.all(Array.from({ length: size.connections }, loop))
  const seconds = (performance.now() - startedAt) / 1000
  agent.destroy()
  taken.sort((a, b) => a - b)
  const at = (part: number): number => round(taken[Math.floor(taken.length * part)] ?? Number.NaN)
  const outcome = {
    accepted: taken.length,
    refused,
    perSecond: round(taken.length / seconds),
    p50Ms: at(0.5),
    p99Ms: at(0.99),
  }
  process.send?.(outcome satisfies Outcome)
  process.disconnect()
}

const round = (value: number): number => Math.round(value * 10) / 10

function post(url: string, body: string, agent: Agent): Promise<number> {
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST', agent, headers }, answer => {
      answer.resume()
      answer.on('end', () => resolve(answer.statusCode ?? 0))
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

await (values.client === undefined ? server() : client(values.client))
