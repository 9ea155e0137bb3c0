/**
 * The words of the proof servers' HTTP API (reference 4.3): statuses, what they mean for us, and where things are.
 */

export const PROVER_STATUSES = [
  'aborted',
  'busy',
  'failed',
  'success',
  'unverified',
  'uninitialized',
  'undefined',
  'initializing',
  'ready',
] as const
export type ProverWord = (typeof PROVER_STATUSES)[number]

/** `free` can take an input, `busy` works, `booting` cannot take one yet. */
export type Readiness = 'free' | 'busy' | 'booting'

const READINESS: Readonly<Record<ProverWord, Readiness>> = {
  aborted: 'free',
  failed: 'free',
  success: 'free',
  unverified: 'free',
  ready: 'free',
  busy: 'busy',
  uninitialized: 'booting',
  undefined: 'booting',
  initializing: 'booting',
}

export const readinessOf = (word: ProverWord): Readiness => READINESS[word]

/**
 * Carries the expected public input as a decimal number beside the posted input. Real provers compute it in the
 * circuit and ignore the header; a mock prover has no circuit.
 */
export const PUBLIC_INPUT_HEADER = 'forgekeeper-public-input'

/** The order of the scalar field of BN254: every number in a proof and every public input is below it. */
export const FIELD_ORDER = 21888242871839275222246405745257275088548364400416034343698204186575808495617n
/** The order of the base field of BN254, in which a proof's curve points have their coordinates. */
export const BASE_FIELD_ORDER = 21888242871839275222246405745257275088696311157297823662689037894645226208583n
