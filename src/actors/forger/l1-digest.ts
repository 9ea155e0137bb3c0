/**
 * What an L1 queue held when a batch was built on it. A reorganisation may fill the queue with something else; a proof over
 * what it held before is then worth nothing, and that is known before anything is sent.
 */
import { createHash } from 'node:crypto'

/** Of the transactions of one queue, in order of their positions. Not secret and not attacked: only compared. */
export const l1Digest = (txs: readonly { readonly encoded: string }[]): string =>
  createHash('md5')
    .update(txs.map(({ encoded }) => encoded).join(''))
    .digest('hex')

/** SQL: whether batch `b` is not sent yet and its queue holds something else now. The same digest as above. */
export const L1_CHANGED = `(
  b.l1_digest is not null and b.state in ('built', 'proving', 'proven') and b.l1_digest <> (
    select md5(coalesce(string_agg(t.encoded, '' order by t.position), '')) from forger.l1_tx t where t.queue = b.l1_queue
  ))`
