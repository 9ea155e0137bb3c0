/** What a signature thread is asked and answers: plain data that survives a structured clone. */
import type { AuthorisationSignature } from '../rollup/authorisation.ts'
import type { BjjKey, Hex, SignedL2Tx } from '../rollup/types.ts'

export type SignatureJob =
  /** Did the key sign this transaction for this chain? */
  | { readonly do: 'transaction'; readonly tx: SignedL2Tx; readonly key: BjjKey; readonly chainId: number }
  /** Did the address sign this digest? */
  | {
      readonly do: 'authorisation'
      readonly digest: Hex
      readonly signature: AuthorisationSignature
      readonly ethAddr: Hex
    }

export interface SignatureQuestion {
  readonly ticket: number
  readonly job: SignatureJob
}

export interface SignatureAnswer {
  readonly ticket: number
  readonly valid: boolean
}
