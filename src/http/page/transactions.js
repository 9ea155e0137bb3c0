/* oxlint-disable typescript/no-unsafe-argument -- plain JavaScript, served to the browser as it is */
/** Transactions in flight. */
import { age, h, none, pill, table } from './dom.js'

export function transactionTable(transactions, now) {
  if (!transactions) return none('not known yet')
  if (transactions.length === 0) return none('none')
  return table(
    [['Subject'], ['State'], ['Nonce'], ['Tries'], ['Age']],
    transactions.map(tx => ({
      title: tx.because,
      cells: [
        h('a', { href: `/v1/transactions/${tx.id}` }, tx.subject),
        pill(tx.state),
        tx.nonce === null ? '' : String(tx.nonce),
        String(tx.attempts.length),
        age(tx.createdAt, now),
      ],
    })),
  )
}
