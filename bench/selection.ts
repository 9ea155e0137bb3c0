/**
 * Selecting a full batch from a large pool, as the daemon does: the window is read from the database, the transactions are
 * chosen on a state of as many accounts. Real PostgreSQL; here all in one thread, in the daemon the choice is the builder's.
 *
 *   node bench/selection.ts [pool] [maxTx] [rounds] [--whole]
 *
 * Prints wall seconds and CPU seconds of this process (medians), and its memory. `--whole` chooses from the whole pool in
 * memory instead, which is what a window that does not fill the batch comes to in the end.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadPool } from '../src/actors/forger/pool-view.ts'
import { toHex } from '../src/actors/forger/rollup/bytes.ts'
import { selectTransactions } from '../src/actors/forger/rollup/selection.ts'
import { stateFrom } from '../src/actors/forger/rollup/state.ts'
import type { AccountLeaf } from '../src/actors/forger/rollup/types.ts'
import { tokenValuesOf } from '../src/actors/forger/token-values.ts'
import { startPostgres } from '../src/embedded/postgres.ts'
import { forgerSchema } from '../src/entities/forger/index.ts'
import type { Orm } from '../src/entities/orm.ts'
import { silentLog } from '../src/log.ts'
import { openTestOrm } from '../test/http/harness.ts'

const WINDOW = 8192
const whole = process.argv.includes('--whole')
const numbers = process.argv.slice(2).filter(argument => !argument.startsWith('--'))
const [size = 100_000, maxTx = 2048, rounds = 5] = numbers.map(Number)

const accounts: readonly AccountLeaf[] = Array.from({ length: size }, (_, at) => ({
  idx: 256 + at,
  tokenId: 1,
  nonce: 0,
  balance: 10n ** 18n,
  ay: BigInt(at + 12_345) ** 4n,
  sign: 0,
  ethAddr: toHex(at + 1, 20),
}))
const state = stateFrom(accounts, 255 + size)

/** The accounts, folded. */
const storeAccounts = (orm: Orm): Promise<unknown> =>
  orm.em.fork().execute(
    `insert into forger.account (idx, token_id, nonce, balance, ay, sign, eth_addr, batch_num)
     select 256 + n, 1, 0, 1e18, n, 0, '0x', 1 from generate_series(0, ?) n`,
    [size - 1],
  )

/** Transactions of so many senders, each with consecutive nonces and fees in no order. */
async function storePool(orm: Orm, senders: number): Promise<void> {
  const em = orm.em.fork()
  await em.execute('truncate forger.pool_tx')
  await em.execute(
    `insert into forger.pool_tx (tx_id, type, from_idx, to_idx, token_id, amount, fee, nonce, signature, received_at)
     select '0x02' || md5(n::text) || md5('x' || n), 'Transfer', 256 + n % ?, 256 + (n * 31) % ?, 1, 1000 + n, (n * 7) % 120,
       n / ?, '0x' || repeat('ab', 64), now()
     from generate_series(0, ?) n`,
    [senders, size, senders, size - 1],
  )
  await em.execute('analyze forger.pool_tx')
}

async function select(orm: Orm): Promise<void> {
  const { txs, authorisations } = await loadPool(orm.em.fork(), whole ? size : WINDOW, tokenValuesOf([]))
  const { l2Txs } = selectTransactions(state, {
    batchNum: 1,
    circuit: { maxTx, nLevels: 32, maxL1Tx: 256, maxFeeTx: 64 },
    chainId: 1,
    l1UserTxs: [],
    futureL1UserTxs: [],
    pool: txs,
    authorisations,
    feeAccount: { ethAddr: toHex(1, 20), bjj: toHex(accounts[0]?.ay ?? 0n, 32), signature: toHex(0, 65) },
  })
  if (l2Txs.length !== maxTx) throw new Error(`selected ${l2Txs.length}`)
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0

async function measure(name: string, run: () => Promise<void>): Promise<void> {
  const wall: number[] = []
  const cpu: number[] = []
  for (let round = 0; round < rounds; round++) {
    const [start, before] = [performance.now(), process.cpuUsage()]
    await run()
    const { user, system } = process.cpuUsage(before)
    wall.push((performance.now() - start) / 1000)
    cpu.push((user + system) / 1e6)
  }
  const memory = Math.round(process.memoryUsage.rss() / 1e6)
  console.log(`${name}: ${median(wall).toFixed(2)} s, ${median(cpu).toFixed(2)} CPU s, ${memory} MB`)
}

const folder = await mkdtemp(join(tmpdir(), 'fk-bench-'))
const postgres = await startPostgres({ folder, log: silentLog, durable: false })
const orm = await openTestOrm(postgres.url, [forgerSchema])
try {
  await storeAccounts(orm)
  for (const senders of [size, 1000, 50]) {
    await storePool(orm, senders)
    await measure(`selecting ${maxTx} of ${size} transactions of ${senders} senders`, () => select(orm))
  }
} finally {
  await orm.close()
  await postgres.stop(2000)
  await rm(folder, { recursive: true, force: true })
}
