/**
 * Poseidon over the BN254 scalar field with circomlib's parameters: the hash of the state tree, leaves and signatures.
 *
 * Runs in WebAssembly modules of our own (wasm/), several times faster than bigint arithmetic; one for each number of inputs,
 * made at its first use.
 */
import { type Exports, instanceOf } from './wasm/instance.ts'
import { INPUT, poseidonModule, WORD_BYTES } from './wasm/poseidon-code.ts'
import { poseidonConstants } from './wasm/poseidon-constants.ts'

const MAX_INPUTS = 6

/** Hash of one to six field elements (each below the field's order); other lengths are a RangeError. */
export function poseidon(inputs: readonly bigint[]): bigint {
  const { words, hash } = instances[inputs.length] ?? instantiate(inputs.length)
  for (let i = 0, at = INPUT / 8; i < inputs.length; i++, at += WORD_BYTES / 8) write(words, at, inputs[i] ?? 0n)
  hash()
  return (words[0] ?? 0n) | ((words[1] ?? 0n) << 64n) | ((words[2] ?? 0n) << 128n) | ((words[3] ?? 0n) << 192n)
}

interface PoseidonExports {
  readonly import: (out: number, words: number) => void
  readonly hash: () => void
}

interface Instance {
  readonly words: BigUint64Array
  readonly hash: () => void
}

/** By number of inputs. */
const instances: Instance[] = []

/** Storing cuts each value to its low 64 bits. */
function write(words: BigUint64Array, at: number, value: bigint): void {
  words[at] = value
  words[at + 1] = value >> 64n
  words[at + 2] = value >> 128n
  words[at + 3] = value >> 192n
}

function instantiate(inputs: number): Instance {
  if (!Number.isInteger(inputs) || inputs < 1 || inputs > MAX_INPUTS)
    throw new RangeError(`Poseidon of ${inputs} inputs`)
  const { bytes, memory } = poseidonModule(inputs + 1, poseidonConstants(inputs + 1))
  const exports = instanceOf(bytes) as Exports & PoseidonExports // what poseidonModule exports
  const words = new BigUint64Array(exports.memory.buffer)
  for (const [address, number] of memory) {
    write(words, INPUT / 8, number)
    exports.import(address, INPUT)
  }
  return (instances[inputs] = { words, hash: exports.hash })
}
