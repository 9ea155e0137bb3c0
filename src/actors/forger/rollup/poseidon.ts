/**
 * Poseidon over the BN254 scalar field with circomlib's parameters: the hash of the state tree, leaves and signatures.
 */
import { poseidon1, poseidon2, poseidon3, poseidon4, poseidon5, poseidon6 } from 'poseidon-lite'

const BY_LENGTH = [poseidon1, poseidon2, poseidon3, poseidon4, poseidon5, poseidon6] as const

/** Hash of one to six field elements (each below the field's order); other lengths are a RangeError. */
export function poseidon(inputs: readonly bigint[]): bigint {
  const hash = BY_LENGTH[inputs.length - 1]
  if (hash === undefined) throw new RangeError(`Poseidon of ${inputs.length} inputs`)
  return hash([...inputs])
}
