/**
 * Whether endpoints say the same: of answers that clients fill in differently only what matters is compared. Pure.
 */

/** Two answers to this method agree when their keys are equal. */
export function agreementKey(method: string, result: unknown): string {
  if (result === null || result === undefined) return 'null'
  switch (method) {
    case 'eth_getBlockByNumber':
    case 'eth_getBlockByHash':
      return `${pick(result, ['hash', 'number'])} ${transactionsOf(result)}`
    case 'eth_getTransactionReceipt':
      return pick(result, RECEIPT)
    case 'eth_getBlockReceipts':
      return Array.isArray(result) ? result.map(receipt => pick(receipt, RECEIPT)).join(';') : 'unknown'
    case 'eth_getTransactionByHash':
      return pick(result, ['hash', 'blockHash'])
    default:
      return JSON.stringify(result)?.toLowerCase() ?? 'null'
  }
}

const RECEIPT = ['transactionHash', 'blockHash', 'blockNumber', 'status', 'gasUsed'] as const

/** What a block holds: hashes, or of whole transactions who sent them. The block's hash stands for it only if it is true. */
function transactionsOf(block: unknown): string {
  const listed = typeof block === 'object' && block !== null && 'transactions' in block ? block.transactions : null
  if (!Array.isArray(listed)) return 'none listed'
  return listed.map(tx => (typeof tx === 'string' ? tx.toLowerCase() : pick(tx, ['hash', 'from', 'nonce']))).join(';')
}

function pick(value: unknown, fields: readonly string[]): string {
  if (typeof value !== 'object' || value === null) return 'unknown'
  const record = value as Readonly<Record<string, unknown>> // any object can be looked into by name
  return fields.map(field => String(record[field]).toLowerCase()).join(',')
}
