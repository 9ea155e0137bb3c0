/**
 * Selection against the reference's rules (9.2) written down a second time, over plain maps of balances and nonces: several
 * tokens, receivers by index, address and key, authorised and not, accounts that later L1 transactions will create, exits,
 * maxNumBatch, atomic groups.
 */
import test from 'ava'
import fc from 'fast-check'
import { offsetOf, linkTo } from '../../../../src/actors/forger/rollup/links.ts'
import { toHex } from '../../../../src/actors/forger/rollup/bytes.ts'
import { feeOf } from '../../../../src/actors/forger/rollup/fees.ts'
import { selectTransactions } from '../../../../src/actors/forger/rollup/selection.ts'
import type { PoolTx, SelectionRequest } from '../../../../src/actors/forger/rollup/selection-types.ts'
import { type AccountLeaf, ANY_ETH_ADDR, type Hex } from '../../../../src/actors/forger/rollup/types.ts'
import { account, address, bytes32, pooled, requestFor, stateOf } from './support.ts'

interface Book {
  accounts: Map<number, AccountLeaf>
  created: { readonly owner: Hex; readonly tokenId: number }[]
  selected: string[]
  /** Fee account of each token. */
  collecting: Map<number, number>
}

/** The ids selected, the accounts created and the fee accounts, by walking all units again and again. */
function byTheRules(population: readonly AccountLeaf[], request: SelectionRequest): Book {
  let book: Book = {
    accounts: new Map(population.map(leaf => [leaf.idx, leaf])),
    created: [],
    selected: [],
    collecting: new Map(),
  }
  const { maxTx, maxL1Tx, maxFeeTx } = request.circuit
  const size = (): number => book.created.length + book.selected.length
  const create = (owner: Hex, key: { readonly ay: bigint; readonly sign: 0 | 1 }, tokenId: number): number | null => {
    if (book.created.length >= maxL1Tx || size() + 1 >= maxTx) return null
    const idx = Math.max(...book.accounts.keys()) + 1
    book.accounts.set(idx, { idx, tokenId, nonce: 0, balance: 0n, ethAddr: owner, ...key })
    book.created.push({ owner, tokenId })
    return idx
  }
  const owned = (of: (leaf: AccountLeaf) => boolean): AccountLeaf[] => [...book.accounts.values()].filter(of)

  const feeAccount = (tokenId: number): number | null => {
    const known = book.collecting.get(tokenId)
    if (known !== undefined) return known
    if (book.collecting.size >= maxFeeTx) return null
    const { ethAddr } = request.feeAccount
    const own = owned(leaf => leaf.tokenId === tokenId && leaf.ethAddr === ethAddr && leaf.ay === 256n)
    const idx = own[0]?.idx ?? create(ethAddr, { ay: 256n, sign: 0 }, tokenId)
    if (idx !== null) book.collecting.set(tokenId, idx)
    return idx
  }
  const receiver = (tx: PoolTx): number | null => {
    if (tx.toIdx === 1) return 1
    if (tx.toIdx !== 0) return book.accounts.has(tx.toIdx) ? tx.toIdx : null
    const byKey = tx.toEthAddr === ANY_ETH_ADDR
    const key = { ay: tx.toBjjAy, sign: tx.toBjjSign }
    const found = owned(
      leaf => leaf.tokenId === tx.tokenId && leaf.ethAddr === tx.toEthAddr && (!byKey || leaf.ay === key.ay),
    )
    // The owners here have one key each, so that the first account of an owner is the receiver.
    if (found[0]) return found[0].idx
    const future = request.futureL1UserTxs.some(
      l1 => l1.fromEthAddr === tx.toEthAddr && l1.tokenId === tx.tokenId && !byKey,
    )
    if (future) return null
    if (byKey) return create(ANY_ETH_ADDR, key, tx.tokenId)
    return request.authorisations.has(tx.toEthAddr) ? create(tx.toEthAddr, { ay: 77n, sign: 0 }, tx.tokenId) : null
  }
  const fits = (tx: PoolTx): boolean => {
    if (size() >= maxTx) return false
    if (tx.maxNumBatch !== 0 && tx.maxNumBatch < request.batchNum) return false
    if (tx.toIdx === 1 && tx.amount === 0n) return false
    const sender = book.accounts.get(tx.fromIdx)
    const cost = tx.amount + (feeOf(tx.amount, tx.userFee) ?? 0n)
    if (!sender || sender.balance < cost || sender.nonce !== tx.nonce) return false
    if (feeAccount(tx.tokenId) === null) return false
    const to = receiver(tx)
    if (to === null || size() >= maxTx || sender.tokenId !== tx.tokenId) return false
    if (to !== 1 && book.accounts.get(to)?.tokenId !== tx.tokenId) return false
    book.accounts.set(sender.idx, { ...sender, nonce: sender.nonce + 1, balance: sender.balance - cost })
    const reached = book.accounts.get(to)
    if (reached) book.accounts.set(to, { ...reached, balance: reached.balance + tx.amount })
    book.selected.push(tx.txId)
    return true
  }

  let waiting = unitsInOrder(request.pool)
  for (let progress = true; progress;) {
    progress = false
    for (const unit of waiting) {
      if (size() + unit.length > maxTx) continue
      const before = {
        ...book,
        accounts: new Map(book.accounts),
        created: [...book.created],
        selected: [...book.selected],
      }
      const collecting = new Map(book.collecting)
      if (unit.every(fits)) {
        waiting = waiting.filter(other => other !== unit)
        progress = true
      } else book = { ...before, collecting }
    }
  }
  return book
}

function unitsInOrder(pool: readonly PoolTx[]): PoolTx[][] {
  const groups = Map.groupBy(pool, tx => tx.atomicGroup ?? tx.txId)
  const average = (unit: readonly PoolTx[]): number => unit.reduce((sum, tx) => sum + tx.feeValue, 0) / unit.length
  const key = (unit: readonly PoolTx[]) => [-average(unit), unit[0]?.fromIdx ?? 0, unit[0]?.nonce ?? 0] as const
  // Single transactions come before groups in the order of arrival that breaks ties.
  const units = [...groups.values()].toSorted((a, b) => Number(!!a[0]?.atomicGroup) - Number(!!b[0]?.atomicGroup))
  return units.toSorted((a, b) => {
    const [one, other] = [key(a), key(b)]
    return one[0] - other[0] || one[1] - other[1] || one[2] - other[2]
  })
}

const TOKENS = 3
const OWNERS = 4
const NEWCOMER = address(999)
const PROMISED = address(998)

/** Owner `o` has 100 of each token `k`, in account 256 + 3 o + k. */
const POPULATION = Array.from({ length: OWNERS * TOKENS }, (_, at) => {
  const owner = 300 + Math.floor(at / TOKENS)
  return account(256 + at, { tokenId: at % TOKENS, balance: 100n, ethAddr: address(owner), ay: BigInt(owner) })
})

const RECEIVERS = [
  { kind: 'index' },
  { kind: 'index' },
  { kind: 'index' },
  { kind: 'exit' },
  { kind: 'newcomer' },
  { kind: 'promised' },
  { kind: 'key' },
  { kind: 'nowhere' },
  { kind: 'other token' },
] as const

const draft = fc.record({
  owner: fc.nat({ max: OWNERS - 1 }),
  tokenId: fc.nat({ max: TOKENS - 1 }),
  to: fc.nat({ max: OWNERS - 1 }),
  receiver: fc.constantFrom(...RECEIVERS),
  amount: fc.bigInt({ min: 0n, max: 120n }),
  nonce: fc.constantFrom(0, 0, 1, 2),
  userFee: fc.constantFrom(0, 0, 192),
  feeValue: fc.integer({ min: 0, max: 4 }),
  maxNumBatch: fc.constantFrom(0, 0, 0, 0, 5, 4),
  /** Members of the group it begins; 1 is alone. */
  group: fc.constantFrom(1, 1, 1, 2, 3),
})
type Draft = typeof draft extends fc.Arbitrary<infer T> ? T : never

function txOf({ owner, tokenId, to, receiver, ...rest }: Draft, at: number): PoolTx {
  const parts = { fromIdx: 256 + TOKENS * owner + tokenId, tokenId, txId: toHex(at, 33) }
  const { group: _group, ...fields } = rest
  return pooled({ ...parts, ...fields, ...receiverOf(receiver.kind, to, tokenId) })
}

function receiverOf(kind: (typeof RECEIVERS)[number]['kind'], to: number, tokenId: number): Partial<PoolTx> {
  switch (kind) {
    case 'index':
      return { toIdx: 256 + TOKENS * to + tokenId }
    case 'other token':
      return { toIdx: 256 + TOKENS * to + ((tokenId + 1) % TOKENS) }
    case 'exit':
      return { toIdx: 1 }
    case 'nowhere':
      return { toIdx: 5000 }
    case 'newcomer':
      return { toIdx: 0, toEthAddr: NEWCOMER }
    case 'promised':
      return { toIdx: 0, toEthAddr: PROMISED }
    case 'key':
      return { toIdx: 0, toEthAddr: ANY_ETH_ADDR, toBjjAy: 55n }
  }
}

/** Each draft takes as many of those after it into its group as it wants; a group is linked in a ring. */
function poolOf(drafts: readonly Draft[]): PoolTx[] {
  const txs = drafts.map(txOf)
  const pool: PoolTx[] = []
  for (let at = 0; at < txs.length;) {
    const unit = inTurn(txs.slice(at, at + (drafts[at]?.group ?? 1)))
    pool.push(...(unit.length === 1 ? unit : unit.map((tx, place) => linked(unit, tx, place, `group ${at}`))))
    at += unit.length
  }
  return pool
}

/** Members of a group are made likely to fit: small amounts, and nonces that follow each other. */
function inTurn(unit: readonly PoolTx[]): readonly PoolTx[] {
  if (unit.length === 1) return unit
  return unit.map((tx, place) => ({
    ...tx,
    nonce: unit.slice(0, place).filter(({ fromIdx }) => fromIdx === tx.fromIdx).length,
    amount: (tx.amount % 40n) + 1n,
    toIdx: tx.toIdx === 5000 ? 1 : tx.toIdx,
    maxNumBatch: 0,
  }))
}

function linked(unit: readonly PoolTx[], tx: PoolTx, place: number, group: string): PoolTx {
  const next = (place + 1) % unit.length
  const target = unit[next] ?? tx
  return { ...tx, ...linkTo(offsetOf(next - place) ?? 0, target), atomicGroup: group }
}

const deposit = {
  fromEthAddr: PROMISED,
  fromBjjCompressed: bytes32(78),
  fromIdx: 0,
  loadAmountF: 0,
  amountF: 0,
  tokenId: 0,
  toIdx: 0,
} as const

test('what is selected, created and collected is what the rules say, word for word', t => {
  const authorised = [NEWCOMER, PROMISED].map(
    ethAddr => [ethAddr, { ethAddr, bjj: bytes32(77), signature: toHex(0, 65) }] as const,
  )
  let groups = 0
  let creations = 0
  fc.assert(
    fc.property(
      fc.array(draft, { minLength: 5, maxLength: 30, size: 'max' }),
      fc.record({
        maxTx: fc.integer({ min: 2, max: 24 }),
        maxL1Tx: fc.nat({ max: 4 }),
        maxFeeTx: fc.integer({ min: 1, max: 3 }),
      }),
      fc.boolean(),
      (drafts, sizes, knows) => {
        const request = requestFor(poolOf(drafts), {
          batchNum: 5,
          circuit: { nLevels: 32, ...sizes },
          authorisations: new Map(knows ? authorised : []),
          futureL1UserTxs: [deposit],
        })
        const selection = selectTransactions(stateOf(...POPULATION), request)
        const expected = byTheRules(POPULATION, request)
        const ids = selection.l2Txs.map(({ txId }) => txId)
        t.deepEqual(ids, expected.selected)
        t.deepEqual(
          selection.l1CoordinatorTxs.map(({ fromEthAddr, tokenId }) => ({ owner: fromEthAddr, tokenId })),
          expected.created,
        )
        t.deepEqual(
          selection.feeIdxs,
          [...expected.collecting.values()].toSorted((a, b) => a - b),
        )
        const told = new Set([...ids, ...selection.discarded.map(({ txId }) => txId)])
        // Only a group may be left out without a word, for want of room.
        if (!selection.isFull) t.true(request.pool.every(tx => tx.atomicGroup || told.has(tx.txId)))
        groups += selection.l2Txs.some(({ atomicGroup }) => atomicGroup) ? 1 : 0
        creations += selection.l1CoordinatorTxs.length > 1 ? 1 : 0
      },
    ),
    { numRuns: 400 },
  )
  t.true(groups > 40 && creations > 40, `of 400 batches ${groups} held a group, ${creations} more than one new account`)
})
