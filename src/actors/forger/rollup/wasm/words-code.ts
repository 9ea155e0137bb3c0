/**
 * Between numbers as JavaScript writes them (four 64-bit words, little-endian) and as the field code wants them.
 */
import { FIELD } from '../field.ts'
import {
  add64,
  and64,
  type Code,
  get,
  i64,
  load64,
  or64,
  sar64,
  seq,
  set,
  shl64,
  shr64,
  store64,
  sub64,
  sum64,
  type WasmFunction,
} from './assembler.ts'
import {
  LIMB_BITS,
  LIMBS,
  limbsOf,
  localLimbs,
  memoryLimbs,
  product,
  R,
  reduce,
  toLocals,
  toMemory,
} from './field-code.ts'

const WORDS = 4
const MASK = (1n << BigInt(LIMB_BITS)) - 1n

/** (out, words): out = words · R, in Montgomery form. The words must be below the field's order. */
export function importFunction(): WasmFunction {
  const [a, digits, acc] = [2, 2 + LIMBS, 2 + 2 * LIMBS]
  const factor = limbsOf((R * R) % FIELD).map(i64)
  const body = seq(
    ...Array.from({ length: LIMBS }, (_, limb) => set(a + limb, limbFromWords(limb))),
    reduce(product(localLimbs(a), factor), { digits, acc }, toMemory(get(0))),
  )
  return { params: 2, i32Locals: 0, i64Locals: 2 * LIMBS + 1, body }
}

function limbFromWords(limb: number): Code {
  const bit = limb * LIMB_BITS
  const word = Math.floor(bit / 64)
  const shift = bit % 64
  const high = shr64(load64(get(1), 8 * word), i64(BigInt(shift)))
  if (shift + LIMB_BITS <= 64 || word + 1 >= WORDS) return and64(high, i64(MASK))
  return and64(or64(high, shl64(load64(get(1), 8 * (word + 1)), i64(BigInt(64 - shift)))), i64(MASK))
}

/** (words, x): words = x / R, the canonical number. */
export function exportFunction(): WasmFunction {
  const [a, less, digits, acc] = [2, 2 + LIMBS, 2 + 2 * LIMBS, 2 + 3 * LIMBS]
  const limbs = memoryLimbs(get(1))
  const body = seq(
    reduce(k => (k < LIMBS ? [limbs[k] ?? []] : []), { digits, acc }, toLocals(a)),
    subtractOrder(a, less, acc),
    chooseNonNegative(a, less, acc),
    ...Array.from({ length: WORDS }, (_, word) => store64(get(0), 8 * word, wordFromLimbs(a, word))),
  )
  return { params: 2, i32Locals: 0, i64Locals: 3 * LIMBS + 1, body }
}

/** less = a − p in limbs; `borrow` ends as −1 when a is below p, else 0. */
const subtractOrder = (a: number, less: number, borrow: number): Code =>
  seq(
    set(borrow, i64(0n)),
    ...limbsOf(FIELD).map((limb, at) =>
      seq(
        set(borrow, add64(sub64(get(a + at), i64(limb)), get(borrow))),
        set(less + at, and64(get(borrow), i64(MASK))),
        set(borrow, sar64(get(borrow), i64(BigInt(LIMB_BITS)))),
      ),
    ),
  )

/** a = a when `borrow` is −1, else `less`; without a branch. */
const chooseNonNegative = (a: number, less: number, borrow: number): Code =>
  seq(
    ...Array.from({ length: LIMBS }, (_, at) =>
      set(a + at, add64(get(less + at), and64(sub64(get(a + at), get(less + at)), get(borrow)))),
    ),
  )

/** Word `word` of the limbs from local `a` on; limbs are disjoint in it, so a sum joins them. */
const wordFromLimbs = (a: number, word: number): Code =>
  sum64(
    Array.from({ length: LIMBS }, (_, limb) => limb * LIMB_BITS - 64 * word).flatMap((shift, limb) => {
      if (shift <= -LIMB_BITS || shift >= 64) return []
      return shift < 0 ? [shr64(get(a + limb), i64(BigInt(-shift)))] : [shl64(get(a + limb), i64(BigInt(shift)))]
    }),
  )
