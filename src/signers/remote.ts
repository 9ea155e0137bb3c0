/**
 * A signer behind JSON-RPC (`eth_signTransaction`: web3signer, clef, a node). What it answers is compared field by field
 * by the lane before anything is sent. Redirects are not followed; credentials of the URL go into a header.
 */
import {
  isHex,
  numberToHex,
  type Address,
  type Hex,
  type TransactionSerializable,
  type TypedDataDefinition,
} from 'viem'
import { messageOf } from '../errors.ts'
import type { AccountSigner } from './account.ts'
import { SignerAnswerError } from './errors.ts'

export interface RemoteSignerOptions {
  readonly url: string
  readonly address: Address
  readonly fetch: typeof globalThis.fetch
  readonly timeoutMs: number
}

const MAX_ANSWER_CHARS = 2_000_000

/** The account at `address`, signed for by the remote. Every method throws SignerAnswerError when it gets no signature. */
export function remoteSigner({ url, address, fetch, timeoutMs }: RemoteSignerOptions): AccountSigner {
  const { target, headers } = endpointOf(url)
  let id = 0
  const ask = async (method: string, params: readonly unknown[]): Promise<unknown> => {
    const body = JSON.stringify({ jsonrpc: '2.0', id: ++id, method, params })
    try {
      const signal = AbortSignal.timeout(timeoutMs)
      const response = await fetch(target, { method: 'POST', headers, body, redirect: 'error', signal })
      return resultOf(await response.text(), response.status)
    } catch (cause) {
      if (cause instanceof SignerAnswerError) throw cause
      throw new SignerAnswerError(`the remote signer does not answer: ${messageOf(cause)}`, { cause })
    }
  }
  return {
    address,
    source: 'remote',
    signTransaction: async tx => signedBytes(await ask('eth_signTransaction', [requestOf(address, tx)])),
    signTypedData: async data => signedBytes(await ask('eth_signTypedData', [address, plain(data)])),
  }
}

function endpointOf(url: string): { readonly target: string; readonly headers: Record<string, string> } {
  const target = new URL(url)
  const { username, password } = target
  target.username = ''
  target.password = ''
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  const basic = Buffer.from(credentials).toString('base64')
  const headers = { 'content-type': 'application/json', accept: 'application/json' }
  return {
    target: target.href,
    headers: username === '' && password === '' ? headers : { ...headers, authorization: `Basic ${basic}` },
  }
}

function resultOf(text: string, status: number): unknown {
  if (text.length > MAX_ANSWER_CHARS) throw new SignerAnswerError('the answer of the remote signer is too large')
  const answer = parsed(text)
  if (typeof answer !== 'object' || answer === null) {
    throw new SignerAnswerError(`the remote signer answered HTTP ${status} without JSON`, { facts: { status } })
  }
  if ('error' in answer && answer.error !== null && answer.error !== undefined) {
    const { error } = answer
    const said = typeof error === 'object' && 'message' in error ? String(error.message) : JSON.stringify(error)
    throw new SignerAnswerError(`the remote signer refuses: ${said.slice(0, 300)}`)
  }
  return 'result' in answer ? answer.result : undefined
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** The bytes themselves, or `{ raw }` as nodes and clef answer. */
function signedBytes(result: unknown): Hex {
  const raw = typeof result === 'object' && result !== null && 'raw' in result ? result.raw : result
  if (isHex(raw, { strict: true }) && raw.length > 2) return raw
  throw new SignerAnswerError('the remote signer answered without a signature')
}

/** Quantities as JSON-RPC writes them; both names of the data, because signers differ in the one they read. */
function requestOf(from: Address, tx: TransactionSerializable): Record<string, unknown> {
  const { to, data, value = 0n, gas = 0n, nonce = 0, chainId = 0 } = tx
  const common = {
    from,
    to,
    data: data ?? '0x',
    input: data ?? '0x',
    value: numberToHex(value),
    gas: numberToHex(gas),
    nonce: numberToHex(nonce),
    chainId: numberToHex(chainId),
  }
  if (tx.gasPrice !== undefined) return { ...common, type: '0x0', gasPrice: numberToHex(tx.gasPrice) }
  const fees = {
    maxFeePerGas: numberToHex(tx.maxFeePerGas ?? 0n),
    maxPriorityFeePerGas: numberToHex(tx.maxPriorityFeePerGas ?? 0n),
  }
  if (tx.blobVersionedHashes === undefined) return { ...common, type: '0x2', accessList: [], ...fees }
  const { blobVersionedHashes } = tx
  const blob = { maxFeePerBlobGas: numberToHex(tx.maxFeePerBlobGas ?? 0n), blobVersionedHashes }
  return { ...common, type: '0x3', accessList: [], ...fees, ...blob }
}

/** JSON without bigints. */
const plain = (data: TypedDataDefinition): unknown =>
  JSON.parse(JSON.stringify(data, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value)))
