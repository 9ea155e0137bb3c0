/**
 * Cost of building one batch with full circuit inputs, in the unit of the case files' README: CPU seconds times the rate of
 * Poseidon hashes of two inputs that circomlibjs 0.1.7 reaches in the same process. The reference implementation needs 447,000.
 *
 *   node bench/builder.ts [transactions] [accounts] [rounds]
 *
 * circomlibjs is not a dependency; when it cannot be imported its rate is taken as 2.6 times that of poseidon-lite.
 */
import { bjjFromEthKey, seedFromEthKey } from '../src/actors/forger/rollup/bjj.ts'
import { buildBatch } from '../src/actors/forger/rollup/batch.ts'
import { toHex } from '../src/actors/forger/rollup/bytes.ts'
import { signL2 } from '../src/actors/forger/rollup/l2-signature.ts'
import { poseidon } from '../src/actors/forger/rollup/poseidon.ts'
import { rootOf, type RollupState, stateFrom } from '../src/actors/forger/rollup/state.ts'
import { NO_LINK } from '../src/actors/forger/rollup/links.ts'
import {
  type BatchRequest,
  type AccountLeaf,
  type L2Tx,
  type SignedL2Tx,
  ZERO_ETH_ADDR,
} from '../src/actors/forger/rollup/types.ts'

const CHAIN_ID = 1337
const LITE_TO_CIRCOMLIBJS = 2.6
const KEYS = 16
const [transactions = 2048, accounts = 512, rounds = 3] = process.argv.slice(2).map(Number)

const ethKey = (number: number) => toHex(1000 + number, 32)
const keys = Array.from({ length: KEYS }, (_, number) => bjjFromEthKey(ethKey(number)))

/** Accounts of token 1 whose keys repeat every `KEYS`. */
const population = (): AccountLeaf[] =>
  Array.from({ length: accounts }, (_, at) => ({
    idx: 256 + at,
    tokenId: 1,
    nonce: 0,
    balance: 10n ** 18n,
    ay: keys[at % KEYS]?.publicKey.ay ?? 0n,
    sign: keys[at % KEYS]?.publicKey.sign ?? 0,
    ethAddr: toHex(at + 1, 20),
  }))

function transfers(): SignedL2Tx[] {
  const nonces = new Map<number, number>()
  return Array.from({ length: transactions }, (_, at) => {
    const sender = (at * 7919) % accounts
    const nonce = nonces.get(sender) ?? 0
    nonces.set(sender, nonce + 1)
    const tx: L2Tx = {
      fromIdx: 256 + sender,
      toIdx: 256 + ((sender + 1 + ((at * 104729) % (accounts - 1))) % accounts),
      tokenId: 1,
      amount: 1000n + BigInt(at),
      nonce,
      userFee: 120,
      maxNumBatch: 0,
      toEthAddr: ZERO_ETH_ADDR,
      toBjjAy: 0n,
      toBjjSign: 0,
      ...NO_LINK,
    }
    return { ...tx, signature: signL2(tx, CHAIN_ID, seedFromEthKey(ethKey(sender % KEYS))) }
  })
}

function cpuSeconds(run: () => void): number {
  const before = process.cpuUsage()
  run()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1e6
}

const rateOf = (hash: (a: bigint, b: bigint) => unknown, count: number): number =>
  count /
  cpuSeconds(() => {
    for (let at = 0; at < count; at++) hash(BigInt(at), 7n)
  })

/** Hashes a CPU second of the reference hash, and how it was found. */
async function reference(): Promise<{ rate: () => number; source: string }> {
  try {
    const name: string = process.env['CIRCOMLIBJS'] ?? 'circomlibjs'
    // The package has no types and is not a dependency.
    const { buildPoseidon } = (await import(name)) as {
      buildPoseidon: () => Promise<(inputs: readonly bigint[]) => unknown>
    }
    const hash = await buildPoseidon()
    return { rate: () => rateOf((a, b) => hash([a, b]), 10_000), source: 'circomlibjs' }
  } catch {
    const { poseidon2 } = await import('poseidon-lite')
    const lite = (): number => rateOf((a, b) => poseidon2([a, b]), 5_000)
    return { rate: () => LITE_TO_CIRCOMLIBJS * lite(), source: `poseidon-lite × ${LITE_TO_CIRCOMLIBJS}` }
  }
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0

function requestFor(l2Txs: readonly SignedL2Tx[]): BatchRequest {
  const circuit = { maxTx: transactions, nLevels: 32, maxL1Tx: 256, maxFeeTx: 64 }
  return {
    batchNum: 2,
    circuit,
    chainId: CHAIN_ID,
    l1UserTxs: [],
    l1CoordinatorTxs: [],
    l2Txs,
    feeIdxs: [256],
    withInputs: true,
  }
}

const leaves = population()
const request = requestFor(transfers())
const { rate, source } = await reference()
const results: number[] = []
for (let round = 0; round <= rounds; round++) {
  // A state of its own each time, so that no hash is left over from the round before.
  const state: RollupState = stateFrom(leaves, 255 + accounts)
  rootOf(state)
  const before = rate()
  let json = ''
  let built: ReturnType<typeof buildBatch> | undefined
  const building = cpuSeconds(() => (built = buildBatch(state, request)))
  const writing = cpuSeconds(() => (json = JSON.stringify(built?.inputs)))
  const after = rate()
  const unit = (before + after) / 2
  if (round > 0) results.push(building * unit) // the first round warms up
  console.log(
    `${round === 0 ? 'warm-up' : `round ${round}`}: build ${building.toFixed(2)} CPU s, JSON ${writing.toFixed(2)} CPU s ` +
      `(${(json.length / 1e6).toFixed(1)} MB), ${Math.round(unit)} reference hashes/s, ratio ${Math.round(building * unit)}`,
  )
}
const own = rateOf((a, b) => poseidon([a, b]), 20_000)
console.log(`${transactions} transfers, ${accounts} accounts: median ratio ${Math.round(median(results))} (${source})`)
console.log(`own Poseidon: ${Math.round(own)} hashes of two a CPU second`)
