/**
 * Waiting for a receipt on a chain that may mine only when there is a transaction.
 *
 * viem's own waiting asks again when a block is new; when the block was there a moment before its receipt, and no other
 * follows, it waits for ever. This one simply asks again.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import {
  TransactionReceiptNotFoundError,
  WaitForTransactionReceiptTimeoutError,
  type Client,
  type Hash,
  type TransactionReceipt,
} from 'viem'
import { getTransactionReceipt } from 'viem/actions'

const ASK_EVERY_MS = 25

/** The receipt, reverted or not; throws viem's WaitForTransactionReceiptTimeoutError when there is none in time. */
export async function receiptOf(chain: Client, hash: Hash, withinMs: number): Promise<TransactionReceipt> {
  for (let waited = 0; waited < withinMs; waited += ASK_EVERY_MS) {
    try {
      return await getTransactionReceipt(chain, { hash })
    } catch (error) {
      if (!(error instanceof TransactionReceiptNotFoundError)) throw error
    }
    await sleep(ASK_EVERY_MS)
  }
  throw new WaitForTransactionReceiptTimeoutError({ hash })
}
