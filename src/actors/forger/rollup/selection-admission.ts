/**
 * The batch while it is being selected: tries one unit after the other on a working copy of the state, in the order of checks of
 * the reference (9.2), and undoes everything a refused unit did.
 */
import { findOrOpenFeeAccount, findOrOpenReceiver, type Openings } from './account-openings.ts'
import { discard } from './discards.ts'
import { feeOf } from './fees.ts'
import { runL1UserTx } from './l1-processor.ts'
import { runL2Tx } from './l2-processor.ts'
import type { Ledger } from './ledger.ts'
import { asRefusal, reasonsOf, type Refusal, refusal } from './selection-refusal.ts'
import type { DiscardedTx, PoolTx, Selection, SelectionRequest } from './selection-types.ts'
import type { Progress, RetryAfter } from './selection-schedule.ts'
import type { Unit } from './selection-units.ts'
import { accountAt, type RollupState } from './state.ts'
import { EXIT_IDX, type L1CoordinatorTx, NO_IDX } from './types.ts'

export type Verdict =
  | { readonly admitted: true; readonly progress: Progress }
  | { readonly admitted: false; readonly reasons: readonly DiscardedTx[]; readonly until: RetryAfter }

/** Too large for the room that is left, which only shrinks: neither selected nor reported. */
const NO_ROOM: Verdict = { admitted: false, reasons: [], until: 'never' }

/** A group that no batch of this circuit can hold. */
const tooLarge = ({ txs }: Unit): Verdict => ({
  admitted: false,
  reasons: txs.map(tx => discard(tx, 'ErrInvalidAtomicGroup', `a group of ${txs.length} fits no batch`)),
  until: 'never',
})

export class Admission {
  readonly #request: SelectionRequest
  readonly #ledger: Ledger
  readonly #openings: Openings
  readonly #selected: (PoolTx & { readonly auxToIdx: number })[] = []
  readonly #l1CoordinatorTxs: L1CoordinatorTx[] = []
  /** Fee account of each token of the batch. */
  readonly #feeIdxs = new Map<number, number>()

  constructor(state: RollupState, request: SelectionRequest) {
    this.#request = request
    this.#ledger = ledgerOn(state, request)
    this.#openings = {
      request,
      ledger: this.#ledger,
      l1CoordinatorTxs: this.#l1CoordinatorTxs,
      hasRoom: () => this.#l1Count < request.circuit.maxL1Tx && this.#count + 1 < request.circuit.maxTx,
    }
    for (const tx of request.l1UserTxs) runL1UserTx(this.#ledger, tx)
  }

  /** Whether one more transaction fits. */
  get hasRoom(): boolean {
    return this.#count < this.#request.circuit.maxTx
  }

  /** Nonce an account expects next. */
  nonceOf(idx: number): number | undefined {
    return accountAt(this.#ledger.state, idx)?.nonce
  }

  /** Puts a whole unit into the batch, or leaves the batch as it was. */
  admit(unit: Unit): Verdict {
    if (unit.txs.length > this.#request.circuit.maxTx) return tooLarge(unit)
    if (this.#count + unit.txs.length > this.#request.circuit.maxTx) return NO_ROOM
    const created = this.#l1CoordinatorTxs.length
    const undo = this.#savepoint()
    for (const tx of unit.txs) {
      const refused = this.#add(tx)
      if (refused === null) continue
      undo()
      return {
        admitted: false,
        reasons: reasonsOf(unit, tx, refused),
        until: unit.isGroup ? 'anything' : refused.until,
      }
    }
    const credited = this.#selected.slice(-unit.txs.length).map(tx => tx.auxToIdx || tx.toIdx)
    return { admitted: true, progress: { credited, createdAccount: this.#l1CoordinatorTxs.length > created } }
  }

  /** The reason for a transaction whose nonce was never the sender's next. */
  whyNotDue(tx: PoolTx): DiscardedTx {
    const refused = this.#checkSender(tx)
    return refused === null
      ? discard(tx, 'ErrNoCurrentNonce', 'its turn came after the last pass')
      : discard(tx, refused.type, refused.info)
  }

  selection(): Omit<Selection, 'discarded' | 'isFull'> {
    return {
      l1CoordinatorTxs: this.#l1CoordinatorTxs,
      l2Txs: this.#selected,
      feeIdxs: [...this.#feeIdxs.values()].toSorted((a, b) => a - b),
    }
  }

  get #l1Count(): number {
    return this.#request.l1UserTxs.length + this.#l1CoordinatorTxs.length
  }

  get #count(): number {
    return this.#l1Count + this.#selected.length
  }

  /** Everything one transaction needs; a refusal may leave traces that the caller undoes. */
  #add(tx: PoolTx): Refusal | null {
    const refused = this.#checkSender(tx) ?? this.#provideFeeAccount(tx)
    if (refused !== null) return refused
    const auxToIdx = this.#receiverOf(tx)
    if (typeof auxToIdx !== 'number') return auxToIdx
    if (!this.hasRoom) return refusal('ErrNoAvailableSlots', 'account creations took its place')
    const resolved = { ...tx, auxToIdx }
    try {
      runL2Tx(this.#ledger, resolved)
    } catch (error) {
      return asRefusal(error)
    }
    this.#selected.push(resolved)
    return null
  }

  #checkSender(tx: PoolTx): Refusal | null {
    if (tx.maxNumBatch !== 0 && tx.maxNumBatch < this.#request.batchNum) {
      return refusal('ErrUnsupportedMaxNumBatch', `it was valid up to batch ${tx.maxNumBatch}`)
    }
    if (tx.toIdx === EXIT_IDX && tx.amount === 0n) return refusal('ErrExit0Amount', 'an exit of amount 0')
    const sender = accountAt(this.#ledger.state, tx.fromIdx)
    if (sender === undefined) return refusal('ErrTxDiscartedInProcessL2Tx', `there is no account ${tx.fromIdx}`)
    const cost = tx.amount + (feeOf(tx.amount, tx.userFee) ?? 0n)
    if (sender.balance < cost) {
      const info = `the sender has ${sender.balance}, amount and fee are ${cost}`
      return refusal('ErrSenderNotEnoughBalance', info, 'credit of its sender')
    }
    return sender.nonce === tx.nonce
      ? null
      : refusal('ErrNoCurrentNonce', `its nonce is ${tx.nonce}, the account's is ${sender.nonce}`)
  }

  #provideFeeAccount({ tokenId }: PoolTx): Refusal | null {
    if (this.#feeIdxs.has(tokenId)) return null
    const { maxFeeTx } = this.#request.circuit
    if (this.#feeIdxs.size >= maxFeeTx) {
      return refusal('ErrNoAvailableSlots', `the batch collects fees in ${maxFeeTx} tokens already`)
    }
    const idx = findOrOpenFeeAccount(this.#openings, tokenId)
    if (typeof idx !== 'number') return idx
    this.#feeIdxs.set(tokenId, idx)
    return null
  }

  /** The receiver of an address or key, 0 when the transaction names an index. */
  #receiverOf(tx: PoolTx): number | Refusal {
    if (tx.toIdx === NO_IDX) return findOrOpenReceiver(this.#openings, tx)
    if (tx.toIdx === EXIT_IDX || accountAt(this.#ledger.state, tx.toIdx) !== undefined) return NO_IDX
    return refusal('ErrToIdxNotFound', `there is no account ${tx.toIdx}`, 'a new account')
  }

  /** Gives the way back to how things are now. */
  #savepoint(): () => void {
    const { state, exits } = this.#ledger
    const selected = this.#selected.length
    const created = this.#l1CoordinatorTxs.length
    const tokens = this.#feeIdxs.size
    return () => {
      Object.assign(this.#ledger, { state, exits })
      this.#selected.length = selected
      this.#l1CoordinatorTxs.length = created
      for (const token of [...this.#feeIdxs.keys()].slice(tokens)) this.#feeIdxs.delete(token)
    }
  }
}

/** A ledger that keeps no steps and collects no fees: they are paid when the batch is built. */
const ledgerOn = (state: RollupState, { circuit, chainId, batchNum }: SelectionRequest): Ledger => ({
  circuit,
  chainId,
  batchNum,
  state,
  exits: null,
  planTokens: [],
  fees: [],
  touched: new Set(),
  steps: null,
  feeSteps: null,
})
