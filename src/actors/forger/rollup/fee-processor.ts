/**
 * Pays the collected fees after all transactions, in slot order. A slot whose account does not exist or holds another token
 * than planned is skipped, and what it collected is burned.
 */
import { type Ledger, writeAccount } from './ledger.ts'
import { accountAt } from './state.ts'

/** Runs every fee slot of the circuit; `feeIdxs` beyond its length count as unused. */
export function payFees(ledger: Ledger, feeIdxs: readonly number[]): void {
  ledger.planTokens.forEach((tokenId, slot) => {
    const account = accountAt(ledger.state, feeIdxs[slot] ?? 0)
    const access =
      account?.tokenId === tokenId
        ? writeAccount(ledger, { ...account, balance: account.balance + (ledger.fees[slot] ?? 0n) })
        : undefined
    ledger.feeSteps?.push({ access, accounts: ledger.state.accounts })
  })
}
