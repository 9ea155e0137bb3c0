/**
 * Selecting a full batch from a large pool on a state of as many accounts, and making that state from stored accounts.
 *
 *   node bench/selection.ts [pool] [maxTx] [rounds]
 *
 * Prints wall and CPU seconds (medians) and the process's memory at the end.
 */
import { toHex } from '../src/actors/forger/rollup/bytes.ts'
import { l2TxId } from '../src/actors/forger/rollup/l2-codec.ts'
import { type PoolTx, selectTransactions } from '../src/actors/forger/rollup/selection.ts'
import { type HashedAccount, hashedAccount, rootOf, stateFrom } from '../src/actors/forger/rollup/state.ts'
import { type AccountLeaf, type L2Tx, ZERO_ETH_ADDR } from '../src/actors/forger/rollup/types.ts'

const [size = 100_000, maxTx = 2048, rounds = 5] = process.argv.slice(2).map(Number)

const accounts: readonly AccountLeaf[] = Array.from({ length: size }, (_, at) => ({
  idx: 256 + at,
  tokenId: 1,
  nonce: 0,
  balance: 10n ** 18n,
  ay: BigInt(at + 12_345) ** 4n,
  sign: 0,
  ethAddr: toHex(at + 1, 20),
}))

/** Transactions of so many senders, each with consecutive nonces and fees in no order. */
function poolOf(senders: number): PoolTx[] {
  const nonces = new Map<number, number>()
  return Array.from({ length: size }, (_, at) => {
    const fromIdx = 256 + ((at * 7919) % senders)
    const nonce = nonces.get(fromIdx) ?? 0
    nonces.set(fromIdx, nonce + 1)
    const tx: L2Tx = {
      fromIdx,
      toIdx: 256 + ((at * 31) % size),
      tokenId: 1,
      amount: 1000n + BigInt(at),
      nonce,
      userFee: 100,
      maxNumBatch: 0,
      toEthAddr: ZERO_ETH_ADDR,
      toBjjAy: 0n,
      toBjjSign: 0,
      rqOffset: 0,
      rqTxCompressedDataV2: 0n,
      rqToEthAddr: ZERO_ETH_ADDR,
      rqToBjjAy: 0n,
    }
    return { ...tx, signature: '0x', txId: l2TxId(tx), feeValue: (at * 7) % 1000 }
  })
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0

function measure(name: string, times: number, run: () => void): void {
  const wall: number[] = []
  const cpu: number[] = []
  for (let round = 0; round < times; round++) {
    const [start, before] = [performance.now(), process.cpuUsage()]
    run()
    const { user, system } = process.cpuUsage(before)
    wall.push((performance.now() - start) / 1000)
    cpu.push((user + system) / 1e6)
  }
  console.log(`${name}: ${median(wall).toFixed(2)} s, ${median(cpu).toFixed(2)} CPU s`)
}

const state = stateFrom(accounts, 255 + size)
measure(`root of ${size} accounts from bare rows`, 1, () => rootOf(state))
const stored = accounts.map(({ idx }) => hashedAccount(state, idx)).filter((row): row is HashedAccount => !!row)
measure(`state of ${size} accounts from rows with leaf hashes, root included`, 1, () => {
  rootOf(stateFrom(stored, 255 + size))
})
for (const senders of [size, 1000, 50]) {
  const pool = poolOf(senders)
  measure(`selecting ${maxTx} of ${size} transactions of ${senders} senders`, rounds, () => {
    const { l2Txs } = selectTransactions(state, {
      batchNum: 1,
      circuit: { maxTx, nLevels: 32, maxL1Tx: 256, maxFeeTx: 64 },
      chainId: 1,
      l1UserTxs: [],
      futureL1UserTxs: [],
      pool,
      authorisations: new Map(),
      feeAccount: { ethAddr: toHex(1, 20), bjj: toHex(accounts[0]?.ay ?? 0n, 32), signature: toHex(0, 65) },
    })
    if (l2Txs.length !== maxTx) throw new Error(`selected ${l2Txs.length}`)
  })
}
console.log(`memory: ${Math.round(process.memoryUsage.rss() / 1e6)} MB, all pools of this benchmark included`)
