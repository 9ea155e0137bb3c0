/**
 * A transaction in plain words: what became of it, or what happens next, what is missing and what a person can do. Pure.
 */
import { aboutWei, formatGwei } from '../../config/units.ts'
import type { AttemptView, TransactionView } from './transaction-view.ts'

/** The sentence to read first. */
export function sentence(tx: TransactionView): string {
  const why = tx.because === null ? '' : `: ${tx.because}`
  switch (tx.state) {
    case 'queued':
      return tx.because === null ? 'Accepted; it is signed and sent at the next look.' : `Waits to be sent${why}.`
    case 'sent':
      return `${sentSentence(tx, tx.attempts.at(-1))}${tx.because === null ? '' : ` It waits${why}.`}`
    case 'mined':
      return `Mined in block ${tx.minedBlock}; settled when ${tx.confirmations} blocks are on top of it${tx.finality === null ? '' : ` and it is ${tx.finality}`}.`
    case 'confirmed':
      return `Done: in block ${tx.minedBlock} as ${tx.minedHash}.`
    case 'reverted':
      return tx.nonce === null ? `Never sent${why}.` : `Reverted in block ${tx.minedBlock}${why}.`
    case 'cancelling':
      return `Being taken back with a transfer of nothing at nonce ${tx.nonce}${why}; what is mined first decides.`
    case 'cancelled':
      return tx.nonce === null ? `Cancelled before it was sent${why}.` : `Cancelled${why}.`
    case 'parked':
      return `Waits for a person${why}.`
  }
}

function sentSentence(tx: TransactionView, newest: AttemptView | undefined): string {
  if (!newest) return 'Signed.'
  const offer = `offering at most ${formatGwei(BigInt(newest.maxFeePerGas))}`
  const version = tx.attempts.length > 1 ? ` (version ${tx.attempts.length})` : ''
  if (newest.state === 'signed') {
    const said = newest.error === null ? 'it is about to be handed to a node' : `no node took it yet: ${newest.error}`
    return `Signed with nonce ${tx.nonce}${version}; ${said}.`
  }
  return `Sent with nonce ${tx.nonce}${version} ${offer}; waits to be mined.`
}

/** Commands that make sense now, as they are typed; none for what is settled. */
export function possibleCommands(tx: TransactionView): readonly string[] {
  const command = (verb: string): string => `forgekeeper tx ${verb} ${tx.id}`
  switch (tx.state) {
    case 'parked':
      return tx.parkedFor === 'dry-run' ? [command('reject')] : [command('approve'), command('reject')]
    case 'queued':
      return [command('cancel')]
    case 'sent':
      return [command('bump'), command('cancel')]
    case 'cancelling':
      return [command('bump')]
    case 'mined':
    case 'confirmed':
    case 'reverted':
    case 'cancelled':
      return []
  }
}

/** What a simulation found, in a sentence; null when there was none. */
export function simulationWords({ simulation }: TransactionView): string | null {
  if (simulation === null) return null
  const { outcome, gas, maxCostWei, reason, block } = simulation
  if (outcome === 'reverts') return `On block ${block} it would revert: ${reason}.`
  if (outcome === 'unknown') return `On block ${block} it could not be tried: ${reason}.`
  const cost = maxCostWei === null ? '' : ` and cost at most ${aboutWei(BigInt(maxCostWei))}`
  return `On block ${block} it would use at most ${gas} gas${cost}.`
}
