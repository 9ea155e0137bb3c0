/**
 * What the tx-manager hears and where it is. Wishes are rows (see wish.ts); messages only say "look".
 */
import { ref, type Ref } from '../kit/ref.ts'
import type { ChainNews } from '../chain/messages.ts'

export type TxManagerMessage =
  /** There may be new wishes. */
  | { readonly type: 'look' }
  /** Look at everything; its own slow timer. */
  | { readonly type: 'tick' }
  | ChainNews
  | {
      /** Signs and sends a replacement now, if the fee ceiling allows; asked for by a person. */
      readonly type: 'bump'
      readonly intentKey: string
    }

export const txManagerOf = (chain: string, account: string): Ref<TxManagerMessage> =>
  ref(`tx-manager:${chain}/${account}`)
