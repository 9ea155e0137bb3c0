/**
 * Commitments and proofs of blobs in a thread of their own: the trusted setup takes seconds to load and every blob half
 * a second. The thread starts with the first blob and keeps the process alive
 * only while it is asked.
 */
import { Worker } from 'node:worker_threads'
import type { Hex } from 'viem'
import { BlobsImpossibleError } from '../errors.ts'
import type { BlobProver, Sidecar } from './sidecar.ts'

/** What the thread is asked. */
export interface KzgQuestion {
  readonly ticket: number
  readonly proofsOf: Sidecar['proofsOf']
  readonly blobs: readonly Hex[]
}

/** What it answers. */
export type KzgAnswer =
  | { readonly ticket: number; readonly sidecar: Sidecar }
  | { readonly ticket: number; readonly failed: string }

interface Waiting {
  readonly resolve: (sidecar: Sidecar) => void
  readonly reject: (error: Error) => void
}

/** Rejects with BlobsImpossibleError when a blob is none, or the native package is not there for this platform. */
export function kzgProver(proofsOf: Sidecar['proofsOf']): BlobProver {
  const waiting = new Map<number, Waiting>()
  let thread: Worker | null = null
  let tickets = 0
  const lose = (error: Error | null): void => {
    thread = null
    for (const { reject } of waiting.values()) {
      reject(new BlobsImpossibleError('the thread that proves blobs ended', error ? { cause: error } : {}))
    }
    waiting.clear()
  }
  const start = (): Worker => {
    const worker = new Worker(new URL('./kzg-thread.ts', import.meta.url))
    worker.on('message', (answer: KzgAnswer) => {
      const asked = waiting.get(answer.ticket)
      waiting.delete(answer.ticket)
      if (waiting.size === 0) worker.unref()
      if ('sidecar' in answer) asked?.resolve(answer.sidecar)
      else asked?.reject(new BlobsImpossibleError(`blobs cannot be proven: ${answer.failed}`))
    })
    worker.on('error', lose)
    worker.on('exit', () => lose(null))
    return worker
  }
  return {
    prove: blobs =>
      new Promise((resolve, reject) => {
        thread ??= start()
        const question: KzgQuestion = { ticket: ++tickets, proofsOf, blobs }
        waiting.set(question.ticket, { resolve, reject })
        thread.ref() // until it has answered
        thread.postMessage(question) // oxlint-disable-line unicorn/require-post-message-target-origin -- no window here
      }),
  }
}
