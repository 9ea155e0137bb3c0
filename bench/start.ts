/**
 * How long a start takes with many accounts: from the rows in the database to the state in the builder's thread with its root
 * checked, and to the first batch built on it. Real PostgreSQL, real thread.
 *
 *   node bench/start.ts [accounts] [transactions] [rounds]
 *
 * The accounts are folded from batches first, as a daemon would have; that is not measured.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build, builderActor } from '../src/actors/forger/builder/actor.ts'
import { holdState } from '../src/actors/forger/builder/hold.ts'
import { builder } from '../src/actors/forger/messages.ts'
import { toHex } from '../src/actors/forger/rollup/bytes.ts'
import { l2TxId } from '../src/actors/forger/rollup/l2-codec.ts'
import { NO_LINK } from '../src/actors/forger/rollup/links.ts'
import type { PoolTx } from '../src/actors/forger/rollup/selection-types.ts'
import { hashedAccount, rootOf, stateFrom } from '../src/actors/forger/rollup/state.ts'
import { type AccountLeaf, ZERO_ETH_ADDR } from '../src/actors/forger/rollup/types.ts'
import { storedOf } from '../src/actors/forger/state-store.ts'
import { systemClock } from '../src/clock.ts'
import { startPostgres } from '../src/embedded/postgres.ts'
import { forgerSchema } from '../src/entities/forger/index.ts'
import type { Orm } from '../src/entities/orm.ts'
import { silentLog } from '../src/log.ts'
import { worker } from '../src/supervisors/child.ts'
import { createSystem } from '../src/supervisors/system.ts'
import { openTestOrm } from '../test/http/harness.ts'
import { root } from '../test/supervisors/support.ts'

const [size = 100_000, transactions = 2048, rounds = 3] = process.argv.slice(2).map(Number)
const LAST_IDX = 255 + size
const ROWS_A_STATEMENT = 5000

const accounts: readonly AccountLeaf[] = Array.from({ length: size }, (_, at) => ({
  idx: 256 + at,
  tokenId: 1,
  nonce: 0,
  balance: 10n ** 18n,
  ay: BigInt(at + 12_345) ** 4n,
  sign: 0,
  ethAddr: toHex(at + 1, 20),
}))

/** The accounts with the hashes that batches leave with them; answers the root. */
async function populate(orm: Orm): Promise<bigint> {
  const em = orm.em.fork()
  const state = stateFrom(accounts, LAST_IDX)
  const stateRoot = rootOf(state)
  for (let from = 0; from < size; from += ROWS_A_STATEMENT) {
    const rows = accounts.slice(from, from + ROWS_A_STATEMENT).flatMap(({ idx }) => hashedAccount(state, idx) ?? [])
    await em.execute(
      `insert into forger.account (idx, token_id, nonce, balance, ay, sign, eth_addr, leaf_hash, branches, batch_num)
       select a.idx, a."tokenId", a.nonce, a.balance, a.ay, a.sign, a."ethAddr", a."leafHash", a.branches, 1
       from jsonb_to_recordset(?::jsonb) as a(idx bigint, "tokenId" bigint, nonce bigint, balance numeric, ay numeric,
         sign int, "ethAddr" text, "leafHash" numeric, branches text)`,
      [JSON.stringify(rows.map(storedOf))],
    )
  }
  await em.execute(`insert into forger.folded_state (name, batch_num, root, last_idx) values ('base', 1, ?, ?)`, [
    stateRoot.toString(),
    LAST_IDX,
  ])
  return stateRoot
}

const pool: readonly PoolTx[] = Array.from({ length: transactions }, (_, at) => {
  const tx = {
    fromIdx: 256 + ((at * 7919) % size),
    toIdx: 256 + ((at * 31) % size),
    tokenId: 1,
    amount: 1000n + BigInt(at),
    nonce: 0,
    userFee: 100,
    maxNumBatch: 0,
    toEthAddr: ZERO_ETH_ADDR,
    toBjjAy: 0n,
    toBjjSign: 0 as const,
    ...NO_LINK,
  }
  return { ...tx, signature: toHex(0, 64), txId: l2TxId(tx), feeValue: at }
})

/** Wall and CPU seconds of this process, all threads included, since the call. */
function stopwatch(): () => Spent {
  const [began, before] = [performance.now(), process.cpuUsage()]
  return () => {
    const { user, system } = process.cpuUsage(before)
    return { wall: (performance.now() - began) / 1000, cpu: (user + system) / 1e6 }
  }
}

interface Spent {
  readonly wall: number
  readonly cpu: number
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0

async function start(orm: Orm, at: { batchNum: number; root: bigint }): Promise<{ loaded: Spent; forged: Spent }> {
  const system = createSystem(root([worker({ id: builder.id, actor: builderActor, args: () => undefined })]), {
    clock: systemClock,
    random: Math.random,
    log: silentLog,
  })
  const spent = stopwatch()
  await system.start()
  await holdState(orm.em.fork(), system, at)
  const loaded = spent()
  const built = await build(system, {
    do: 'build',
    from: at,
    emptyAllowed: false,
    hasMore: false,
    selection: {
      batchNum: 2,
      circuit: { maxTx: transactions, nLevels: 32, maxL1Tx: 256, maxFeeTx: 64 },
      chainId: 1337,
      l1UserTxs: [],
      futureL1UserTxs: [],
      pool,
      authorisations: new Map(),
      feeAccount: { ethAddr: toHex(1, 20), bjj: toHex(accounts[0]?.ay ?? 0n, 32), signature: toHex(0, 65) },
    },
  })
  if (built.kind !== 'batch') throw new Error(`the builder answered ${built.kind}`)
  const forged = spent()
  await system.stop()
  return { loaded, forged }
}

const folder = await mkdtemp(join(tmpdir(), 'fk-bench-'))
const postgres = await startPostgres({ folder, log: silentLog, durable: false })
const orm = await openTestOrm(postgres.url, [forgerSchema])
try {
  const stateRoot = await populate(orm)
  const times: { loaded: Spent; forged: Spent }[] = []
  for (let round = 0; round < rounds; round++) times.push(await start(orm, { batchNum: 1, root: stateRoot }))
  const of = (all: readonly Spent[]): string =>
    `${median(all.map(({ wall }) => wall)).toFixed(2)} s (${median(all.map(({ cpu }) => cpu)).toFixed(2)} CPU s)`
  console.log(`${size} accounts: state loaded and its root checked after ${of(times.map(({ loaded }) => loaded))}`)
  console.log(
    `first batch of ${transactions} transfers with circuit inputs after ${of(times.map(({ forged }) => forged))}`,
  )
} finally {
  await orm.close()
  await postgres.stop(2000)
  await rm(folder, { recursive: true, force: true })
}
