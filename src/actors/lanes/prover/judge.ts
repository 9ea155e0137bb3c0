/**
 * What an answer of a prover means for the batch it was given. Pure.
 *
 * The API has no job id: a `success` may belong to an earlier input, so only the public input tells.
 */
import { readinessOf, type ProverWord } from './protocol.ts'
import { parseProof, parsePublicInput, type Groth16Proof } from './proof.ts'

/** A prover's answer to `GET status`. */
export interface StatusAnswer {
  readonly status: ProverWord
  readonly proof: string | null
  readonly pubData: string | null
  /** Its own words about an error. */
  readonly message: string | null
}

export interface Expectation {
  readonly publicInput: bigint
  /**
   * True after a restart of ours: whether the input ever reached the prover is not known, so an answer that is not
   * about it proves nothing against the prover.
   */
  readonly reattached: boolean
}

export type Verdict =
  | { readonly do: 'wait' }
  | { readonly do: 'accept'; readonly proof: Groth16Proof }
  /** Post the same input again to the same prover. */
  | { readonly do: 'repost'; readonly because: string }
  /** This try is over; `stale`: another input's proof, `lost`: the prover has forgotten the input. */
  | { readonly do: 'give-up'; readonly as: 'failed' | 'stale' | 'lost'; readonly because: string }

/** Judges an answer that arrived while the prover had our input. */
export function judge(answer: StatusAnswer, expected: Expectation): Verdict {
  switch (answer.status) {
    case 'busy':
      return { do: 'wait' }
    case 'success':
      return judgeProof(answer, expected)
    case 'ready':
      return forgotten('the prover is ready but has no proof: it was restarted', expected)
    case 'uninitialized':
    case 'undefined':
    case 'initializing':
      return expected.reattached
        ? { do: 'wait' }
        : { do: 'give-up', as: 'lost', because: `the prover was restarted: it is ${answer.status}` }
    case 'aborted':
      return expected.reattached ? { do: 'repost', because: 'the prover aborted' } : failed(answer)
    case 'failed':
    case 'unverified':
      return failed(answer)
  }
}

function judgeProof({ proof, pubData }: StatusAnswer, expected: Expectation): Verdict {
  if (!proof && !pubData) return forgotten('the prover answers success without a proof', expected)
  const input = parsePublicInput(pubData ?? '')
  if (!input.ok) return { do: 'give-up', as: 'failed', because: input.because }
  if (input.value !== expected.publicInput) {
    const because = `the proof is for another input: pubData is ${input.value}, not ${expected.publicInput}`
    return expected.reattached ? { do: 'repost', because } : { do: 'give-up', as: 'stale', because }
  }
  const parsed = parseProof(proof ?? '')
  return parsed.ok
    ? { do: 'accept', proof: parsed.value }
    : { do: 'give-up', as: 'failed', because: `malformed proof: ${parsed.because}` }
}

const forgotten = (because: string, { reattached }: Expectation): Verdict =>
  reattached ? { do: 'repost', because } : { do: 'give-up', as: 'lost', because }

const failed = ({ status, message }: StatusAnswer): Verdict => ({
  do: 'give-up',
  as: 'failed',
  because: message ? `the prover says ${status}: ${message}` : `the prover says ${status}`,
})

/** Whether a prover with this answer can be given an input now. */
export const free = (answer: StatusAnswer): boolean => readinessOf(answer.status) === 'free'
