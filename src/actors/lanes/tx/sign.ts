/**
 * Signing, and not trusting the signer: its answer is parsed and compared field by field, hashed here, and (unless the
 * key is in this process and was checked once) recovered to the account's address.
 */
import {
  keccak256,
  parseTransaction,
  recoverTransactionAddress,
  serializeTransaction,
  type Address,
  type Hex,
} from 'viem'
import type { TransactionSerializable, TransactionSerializedEIP1559 } from 'viem'
import { isFatal } from '../../../errors.ts'
import { SignerDownError, SignerMismatchError } from '../errors.ts'
import { mostOf, type Fees } from './fees.ts'
import type { Lane } from './lane.ts'
import { versionedHashes, wrapped, type Sidecar } from './sidecar.ts'

export interface Draft {
  readonly nonce: number
  readonly to: Address
  readonly data: Hex
  readonly value: bigint
  readonly gasLimit: bigint
  readonly fees: Fees
  /** Of a blob transaction. */
  readonly sidecar?: Sidecar | null
}

export interface Signed {
  readonly nonce: number
  readonly to: Address
  readonly value: bigint
  readonly gasLimit: bigint
  readonly fees: Fees
  readonly hash: Hex
  /** As it is handed to a node: with the sidecar, if it has one. */
  readonly raw: Hex
  /** The most it can cost, its value included, wei. */
  readonly mostWei: bigint
}

/**
 * Signs exactly this. Throws SignerMismatchError (fatal) when the answer differs in any field, and SignerDownError
 * (transient) when there is none.
 */
export async function sign(lane: Lane, draft: Draft): Promise<Signed> {
  const wanted = serializable(lane, draft)
  const raw = await answerOf(lane, wanted)
  const different = differences(wanted, raw)
  if (different !== null) throw mismatch(lane, draft, different)
  if (!lane.signerChecked || lane.args.signer.source !== 'privateKey') {
    if (!isExact(wanted, raw)) throw mismatch(lane, draft, 'encoding')
    await recover(lane, draft, raw)
    lane.signerChecked = true
  }
  const { sidecar, nonce, to, value, gasLimit, fees } = draft
  const mostWei = value + mostOf(fees, gasLimit, sidecar?.blobs.length ?? 0)
  return { nonce, to, value, gasLimit, fees, mostWei, hash: keccak256(raw), raw: sidecar ? wrapped(raw, sidecar) : raw }
}

function serializable(lane: Lane, draft: Draft): TransactionSerializable {
  const { nonce, to, data, value, gasLimit, sidecar } = draft
  const { maxFeePerGas, maxPriorityFeePerGas, maxFeePerBlobGas = 0n } = draft.fees
  const common = { chainId: lane.args.chainId, nonce, to, data, value, gas: gasLimit }
  if (lane.market?.nextBaseFee === null) return { type: 'legacy', ...common, gasPrice: maxFeePerGas }
  if (!sidecar) return { type: 'eip1559', ...common, maxFeePerGas, maxPriorityFeePerGas }
  const blobVersionedHashes = [...versionedHashes(sidecar)]
  return { type: 'eip4844', ...common, maxFeePerGas, maxPriorityFeePerGas, maxFeePerBlobGas, blobVersionedHashes }
}

async function answerOf(lane: Lane, wanted: TransactionSerializable): Promise<Hex> {
  try {
    return await lane.args.signer.signTransaction(wanted)
  } catch (cause) {
    if (isFatal(cause)) throw cause
    throw new SignerDownError(`the signer of ${lane.args.account} does not sign`, { cause })
  }
}

/** What became of signing several. */
export interface SignedInTime<T> {
  readonly signed: readonly T[]
  /** Whether time was up before the last; those after it are to be signed when these are committed. */
  readonly late: boolean
  /** Why the signer stopped answering; null when it did not. */
  readonly down: SignerDownError | null
}

/**
 * Signs one after the other, for a third of the lease at most and until the signer stops answering: what is signed by
 * then can be committed while the lane is still ours, so that a slow signer is only slow. `signOne` answers null to stop.
 */
export async function signInTime<I, T>(
  lane: Lane,
  items: readonly I[],
  signOne: (item: I, index: number) => Promise<T | null>,
): Promise<SignedInTime<T>> {
  const until = lane.clock.now() + lane.args.leaseMs / 3
  const signed: T[] = []
  for (const [index, item] of items.entries()) {
    if (index > 0 && lane.clock.now() >= until) return { signed, late: true, down: null }
    try {
      const one = await signOne(item, index)
      if (one === null) break
      signed.push(one)
    } catch (error) {
      if (error instanceof SignerDownError) return { signed, late: false, down: error }
      throw error
    }
  }
  return { signed, late: false, down: null }
}

/** The first field that is not as asked; null when all are. */
export function differences(wanted: TransactionSerializable, raw: Hex): string | null {
  let answered: TransactionSerializable
  try {
    answered = parseTransaction(raw as TransactionSerializedEIP1559) // narrowed by the comparison of `type` below
  } catch {
    return 'encoding'
  }
  const want: Fields = wanted
  const got: Fields = answered
  const other = PLAIN_FIELDS.find(field => (want[field] ?? 0) !== (got[field] ?? 0))
  if (other !== undefined) return other
  if ((want.value ?? 0n) !== (got.value ?? 0n)) return 'value'
  if ((want.to ?? '').toLowerCase() !== (got.to ?? '').toLowerCase()) return 'to'
  if ((want.data ?? '0x').toLowerCase() !== (got.data ?? '0x').toLowerCase()) return 'data'
  if (String(want.blobVersionedHashes ?? '') !== String(got.blobVersionedHashes ?? '')) return 'blobVersionedHashes'
  return got.accessList === undefined || got.accessList.length === 0 ? null : 'accessList'
}

/** Half the order of secp256k1: nodes refuse a higher `s` (EIP-2). */
const HIGHEST_S = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n

/** Whether the bytes are what was asked for and a signature that nodes take, as everybody would write it. */
function isExact(wanted: TransactionSerializable, raw: Hex): boolean {
  const { r, s, v, yParity } = parseTransaction(raw as TransactionSerializedEIP1559) // parsed before, as what it is
  const parity = yParity ?? (v === undefined ? null : v % 2n === 0n ? 1 : 0)
  if (r === undefined || s === undefined || parity === null || BigInt(s) > HIGHEST_S) return false
  return serializeTransaction(wanted, { r, s, v: 27n + BigInt(parity), yParity: parity }) === raw.toLowerCase()
}

const PLAIN_FIELDS = [
  'type',
  'chainId',
  'nonce',
  'gas',
  'gasPrice',
  'maxFeePerGas',
  'maxPriorityFeePerGas',
  'maxFeePerBlobGas',
] as const

/** The fields of any transaction type, absent where a type has none. */
interface Fields {
  readonly type?: string | undefined
  readonly chainId?: number | undefined
  readonly nonce?: number | undefined
  readonly gas?: bigint | undefined
  readonly gasPrice?: bigint | undefined
  readonly maxFeePerGas?: bigint | undefined
  readonly maxPriorityFeePerGas?: bigint | undefined
  readonly maxFeePerBlobGas?: bigint | undefined
  readonly blobVersionedHashes?: readonly string[] | undefined
  readonly to?: string | null | undefined
  readonly value?: bigint | undefined
  readonly data?: string | undefined
  readonly accessList?: readonly unknown[] | undefined
}

async function recover(lane: Lane, draft: Draft, raw: Hex): Promise<void> {
  const serializedTransaction = raw as TransactionSerializedEIP1559 // any type is recovered alike
  const from = await recoverTransactionAddress({ serializedTransaction }).catch(() => null)
  if (from?.toLowerCase() !== lane.args.signer.address.toLowerCase()) throw mismatch(lane, draft, 'signature')
}

const mismatch = (lane: Lane, draft: Draft, field: string): SignerMismatchError =>
  new SignerMismatchError(`the signer of ${lane.args.account} answered with another ${field}`, {
    facts: { account: lane.args.account, field, nonce: draft.nonce },
  })
