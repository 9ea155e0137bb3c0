/**
 * Reading a Groth16 proof and its public input out of the JSON texts a prover answers. Pure; says what is wrong.
 */
import { Type, type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { BASE_FIELD_ORDER, FIELD_ORDER } from './protocol.ts'

const Decimal = Type.String({ pattern: '^(0|[1-9][0-9]{0,77})$' })
const Triple = Type.Tuple([Decimal, Decimal, Decimal])
const Pair = Type.Tuple([Decimal, Decimal])

const ProofSchema = Type.Object({
  pi_a: Triple,
  pi_b: Type.Tuple([Pair, Pair, Pair]),
  pi_c: Triple,
  protocol: Type.String({ maxLength: 32 }),
})

/** A proof in projective coordinates as provers answer it: decimal strings, the last coordinates one. */
export type Groth16Proof = Static<typeof ProofSchema>

const proofShape = Compile(ProofSchema)
const pubDataShape = Compile(Type.Tuple([Decimal]))

export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly because: string }

const no = (because: string): { readonly ok: false; readonly because: string } => ({ ok: false, because })

/** The proof in the text, with the coordinates checked to be normalised and in the field. */
export function parseProof(text: string): Parsed<Groth16Proof> {
  const proof = json(text)
  if (!proofShape.Check(proof)) return no('the proof is not a Groth16 proof in decimal numbers')
  const { pi_a, pi_b, pi_c, protocol } = proof
  if (pi_a[2] !== '1') return no('pi_a[2] is not 1')
  if (pi_b[2][0] !== '1' || pi_b[2][1] !== '0') return no('pi_b[2] is not [1, 0]')
  if (pi_c[2] !== '1') return no('pi_c[2] is not 1')
  const numbers = [...pi_a, ...pi_b.flat(), ...pi_c]
  if (numbers.some(number => BigInt(number) >= BASE_FIELD_ORDER)) return no('a coordinate is not in the field')
  return { ok: true, value: { pi_a, pi_b, pi_c, protocol } }
}

/** The one public input in the text. */
export function parsePublicInput(text: string): Parsed<bigint> {
  const values = json(text)
  if (!pubDataShape.Check(values)) return no('pubData is not a list of one decimal number')
  const value = BigInt(values[0])
  return value < FIELD_ORDER ? { ok: true, value } : no('the public input is not in the field')
}

function json(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
