/**
 * The order in which selection looks at units. It gives what passes over the sorted pool would give, but looks at a unit only
 * when something it waits for has happened, so that a large pool costs one look for each candidate.
 *
 * A pass walks the units in order of preference. What becomes possible ahead of the walker is met in the same pass, what
 * becomes possible behind it waits for the next.
 */
import { NumberHeap } from './number-heap.ts'
import type { PoolTx } from './selection-types.ts'
import type { Unit } from './selection-units.ts'

/** What must happen before a refused unit is worth another look. */
export type RetryAfter = 'credit of its sender' | 'a new account' | 'anything' | 'never'

/** What an admitted unit changed for others. */
export interface Progress {
  readonly credited: readonly number[]
  readonly createdAccount: boolean
}

/** Nonce an account expects next; `undefined` when there is no such account. */
type NonceOf = (idx: number) => number | undefined

/** Places of one pass; more units than this never fit in memory. */
const PASS = 2 ** 32

export class Schedule {
  readonly #units: readonly Unit[]
  readonly #nonceOf: NonceOf
  readonly #due = new NumberHeap()
  /** Positions of single transactions that were not due yet, by sender and nonce. */
  readonly #bySender = new Map<number, Map<number, number[]>>()
  readonly #waitingForCredit = new Map<number, number[]>()
  #waitingForAccount: number[] = []
  #waitingForAnything: number[] = []
  /** Pass and position of the unit given last, as one number. */
  #now = 0

  constructor(units: readonly Unit[], nonceOf: NonceOf) {
    this.#units = units
    this.#nonceOf = nonceOf
    units.forEach((unit, position) => this.#register(unit, position))
    for (const idx of this.#bySender.keys()) this.#enqueueDue(idx)
  }

  /** The unit to look at now; `undefined` when no further pass would select anything. */
  next(): Unit | undefined {
    const key = this.#due.pop()
    if (key === undefined) return undefined
    this.#now = key
    return this.#units[key % PASS]
  }

  /** Tells that the unit given last was admitted. */
  admitted(unit: Unit, { credited, createdAccount }: Progress): void {
    for (const { fromIdx } of unit.txs) this.#enqueueDue(fromIdx)
    for (const idx of credited) {
      this.#enqueue(this.#waitingForCredit.get(idx) ?? [])
      this.#waitingForCredit.delete(idx)
    }
    if (createdAccount) this.#enqueue(this.#waitingForAccount.splice(0))
    this.#enqueue(this.#waitingForAnything.splice(0))
  }

  /** Tells that the unit given last was not admitted. */
  refused(unit: Unit, until: RetryAfter): void {
    const position = this.#now % PASS
    const sender = unit.txs[0]?.fromIdx ?? 0
    if (until === 'a new account') this.#waitingForAccount.push(position)
    else if (until === 'anything') this.#waitingForAnything.push(position)
    else if (until === 'credit of its sender') append(this.#waitingForCredit, sender, position)
  }

  /** Single transactions whose nonce was never reached. */
  *neverDue(): Generator<PoolTx> {
    for (const nonces of this.#bySender.values()) {
      for (const positions of nonces.values()) {
        for (const position of positions) yield* this.#units[position]?.txs ?? []
      }
    }
  }

  #register(unit: Unit, position: number): void {
    const tx = unit.txs[0]
    if (unit.isGroup || tx === undefined) return this.#due.push(position)
    const nonces = this.#bySender.get(tx.fromIdx) ?? new Map<number, number[]>()
    this.#bySender.set(tx.fromIdx, nonces)
    append(nonces, tx.nonce, position)
  }

  #enqueueDue(idx: number): void {
    const nonces = this.#bySender.get(idx)
    const nonce = nonces && this.#nonceOf(idx)
    if (nonce === undefined) return
    this.#enqueue(nonces?.get(nonce) ?? [])
    nonces?.delete(nonce)
  }

  /** Ahead of the walker in this pass, otherwise in the next. */
  #enqueue(positions: readonly number[]): void {
    const pass = this.#now - (this.#now % PASS)
    for (const position of positions) {
      this.#due.push(pass + position >= this.#now ? pass + position : pass + PASS + position)
    }
  }
}

function append(lists: Map<number, number[]>, key: number, value: number): void {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [value])
  else list.push(value)
}
