/**
 * What geth demands of a transaction and anvil does not, enforced before a real anvil: replacements 10 % dearer on tip and
 * cap (blobs 100 %), at most 128 KB, at most one ether of fees, one kind of transaction for an account at a time; and a
 * cap below the base fee is parked, not refused. Texts are geth's.
 */
import { formatEther, keccak256, parseTransaction, recoverTransactionAddress, type Hex } from 'viem'
import type { RpcReply } from './fault-proxy.ts'

const MOST_BYTES = 128 * 1024
const MOST_FEE = 10n ** 18n

interface Pooled {
  readonly raw: Hex
  readonly hash: Hex
  readonly kind: 'plain' | 'blob'
  readonly nonce: number
  readonly cap: bigint
  readonly tip: bigint
}

export type AskNode = (method: string, params: readonly unknown[]) => Promise<RpcReply>

export interface GethRules {
  /** Takes, parks or refuses signed bytes as geth would. */
  send(raw: Hex): Promise<RpcReply>
  /** A transaction that is parked here and not in anvil's pool. */
  parked(hash: unknown): { readonly hash: Hex; readonly nonce: Hex } | null
  /** Hands on what was parked and can be paid now; called before every look at the chain. */
  wake(): Promise<void>
}

const refuse = (message: string): RpcReply => ({ error: { code: -32000, message } })

export function gethRules(ask: AskNode): GethRules {
  /** What the pool holds, by sender and nonce; mined ones are dropped when their sender is met again. */
  const pools = new Map<Hex, Map<number, Pooled>>()
  const waiting = new Map<Hex, Pooled>()

  async function numberOf(method: string, params: readonly unknown[]): Promise<number> {
    const reply = await ask(method, params)
    return 'result' in reply ? Number(reply.result) : 0
  }

  async function baseFee(): Promise<bigint> {
    const reply = await ask('eth_getBlockByNumber', ['pending', false])
    const block = 'result' in reply ? (reply.result as { baseFeePerGas?: Hex } | null) : null // a block of anvil
    return BigInt(block?.baseFeePerGas ?? 0)
  }

  async function send(raw: Hex): Promise<RpcReply> {
    const read = await readTransaction(raw)
    if (read === null) return ask('eth_sendRawTransaction', [raw])
    const { from, pooled, fee, type } = read
    const size = (raw.length - 2) / 2
    if (type !== 'eip4844' && size > MOST_BYTES)
      return refuse(`oversized data: transaction size ${size}, limit ${MOST_BYTES}`)
    if (fee > MOST_FEE)
      return refuse(`tx fee (${Number(formatEther(fee)).toFixed(2)} ether) exceeds the configured cap (1.00 ether)`)
    const next = await numberOf('eth_getTransactionCount', [from, 'latest'])
    if (pooled.nonce < next) return refuse(`nonce too low: next nonce ${next}, tx nonce ${pooled.nonce}`)
    const pool = poolOf(from, next)
    const held = await stillHeld(pool, pooled.nonce)
    if (held?.hash === pooled.hash) return refuse('already known')
    if (held && !replaces(pooled, held)) return refuse('replacement transaction underpriced')
    const [other] = pool.values()
    if (other !== undefined && other.kind !== pooled.kind && (held === undefined || pool.size > 1))
      return refuse('address already reserved')
    if (pooled.cap < (await baseFee())) {
      pool.set(pooled.nonce, pooled)
      waiting.set(pooled.hash, pooled)
      return { result: pooled.hash }
    }
    const reply = await ask('eth_sendRawTransaction', [raw])
    if ('result' in reply) {
      if (held) waiting.delete(held.hash)
      pool.set(pooled.nonce, pooled)
    }
    return reply
  }

  function poolOf(from: Hex, next: number): Map<number, Pooled> {
    const pool = pools.get(from) ?? new Map<number, Pooled>()
    pools.set(from, pool)
    for (const nonce of pool.keys()) {
      if (nonce >= next) break // they come in order, but for replacements and gaps
      pool.delete(nonce)
    }
    return pool
  }

  /** What holds this nonce, unless the node has forgotten it (a test emptied its pool, a reorganisation lost it). */
  async function stillHeld(pool: Map<number, Pooled>, nonce: number): Promise<Pooled | undefined> {
    const held = pool.get(nonce)
    if (!held || waiting.has(held.hash)) return held
    const reply = await ask('eth_getTransactionByHash', [held.hash])
    if ('result' in reply && reply.result !== null) return held
    pool.delete(nonce)
    return undefined
  }

  async function wake(): Promise<void> {
    if (waiting.size === 0) return
    const fee = await baseFee()
    for (const one of waiting.values()) {
      if (one.cap < fee) continue
      waiting.delete(one.hash)
      await ask('eth_sendRawTransaction', [one.raw])
    }
  }

  return {
    send,
    wake,
    parked: hash => {
      const found = waiting.get(hash as Hex) // a hash as the caller wrote it; others are not found
      return found ? { hash: found.hash, nonce: `0x${found.nonce.toString(16)}` } : null
    },
  }
}

/** geth's price bump: at least ten percent, for blobs a hundred, on both. */
function replaces(next: Pooled, held: Pooled): boolean {
  const percent = held.kind === 'blob' ? 200n : 110n
  return next.cap * 100n >= held.cap * percent && next.tip * 100n >= held.tip * percent
}

async function readTransaction(
  raw: Hex,
): Promise<{ from: Hex; pooled: Pooled; fee: bigint; type: string | undefined } | null> {
  try {
    const tx = parseTransaction(raw as `0x02${string}`) // any type is parsed alike
    const sender = await recoverTransactionAddress({ serializedTransaction: raw as `0x02${string}` })
    const fields: Partial<Record<'gasPrice' | 'maxFeePerGas' | 'maxPriorityFeePerGas', bigint | undefined>> & {
      readonly type?: string | undefined
    } = tx
    const cap = fields.maxFeePerGas ?? fields.gasPrice ?? 0n
    const tip = fields.maxPriorityFeePerGas ?? fields.gasPrice ?? 0n
    const kind = fields.type === 'eip4844' ? 'blob' : 'plain'
    const pooled = { raw, hash: keccak256(raw), kind, nonce: tx.nonce ?? 0, cap, tip } as const
    return { from: sender.toLowerCase() as Hex, pooled, fee: (tx.gas ?? 0n) * cap, type: fields.type }
  } catch {
    return null // anvil says what is wrong with it
  }
}
