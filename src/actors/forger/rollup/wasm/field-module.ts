/**
 * The field as a calculator: numbers live in numbered slots of a WebAssembly memory, operations name slots. For curve points and
 * square roots, where thousands of products follow one another and bigint would be slow.
 */
import { FIELD } from '../field.ts'
import { add64, and64, assemble, type Code, get, i64, sar64, seq, set, sub64, type WasmFunction } from './assembler.ts'
import {
  LIMB_BITS,
  LIMBS,
  limbsOf,
  type Limbs,
  localLimbs,
  memoryLimbs,
  NUMBER_BYTES,
  product,
  reduce,
  square,
  toMemory,
} from './field-code.ts'
import { type Exports, instanceOf } from './instance.ts'
import { exportFunction, importFunction } from './words-code.ts'

const PAGE_BYTES = 65_536
/** Words that numbers come and go through; slots begin after them. */
const EXCHANGE = 0
const FIRST_SLOT = 64
const MASK = (1n << BigInt(LIMB_BITS)) - 1n

/** A number's place. */
export type Slot = number

/** Operations on slots; the result may be one of the operands. Values stay below 2^261 and are made canonical by `read`. */
export interface FieldModule {
  readonly multiply: (out: Slot, a: Slot, b: Slot) => void
  readonly square: (out: Slot, a: Slot) => void
  readonly add: (out: Slot, a: Slot, b: Slot) => void
  readonly subtract: (out: Slot, a: Slot, b: Slot) => void
  /** Puts a number below the field's order into a slot. */
  readonly write: (slot: Slot, value: bigint) => void
  readonly read: (slot: Slot) => bigint
  /** A slot nobody else uses, holding 0 or the value given. */
  readonly allocate: (value?: bigint) => Slot
}

interface FieldExports {
  readonly multiply: FieldModule['multiply']
  readonly square: FieldModule['square']
  readonly add: FieldModule['add']
  readonly subtract: FieldModule['subtract']
  readonly import: (out: Slot, words: number) => void
  readonly export: (words: number, slot: Slot) => void
}

/** A calculator with room for about 900 numbers a page of 64 KiB. */
export function fieldModule(pages: number): FieldModule {
  const bytes = assemble(
    {
      multiply: multiplyFunction(),
      square: squareFunction(),
      add: linearFunction((a, b) => add64(a, b)),
      subtract: linearFunction((a, b, order) => add64(sub64(a, b), order)),
      import: importFunction(),
      export: exportFunction(),
    },
    pages,
  )
  const { memory, multiply, square: squareOf, add, subtract, ...exchange } = instanceOf(bytes) as Exports & FieldExports // assembled above
  const words = new BigUint64Array(memory.buffer, EXCHANGE, 4)
  const write = (slot: Slot, value: bigint): void => {
    for (let word = 0; word < 4; word++) words[word] = value >> BigInt(64 * word)
    exchange.import(slot, EXCHANGE)
  }
  let free = FIRST_SLOT
  return {
    multiply,
    square: squareOf,
    add,
    subtract,
    write,
    read: slot => {
      exchange.export(EXCHANGE, slot)
      return (words[0] ?? 0n) | ((words[1] ?? 0n) << 64n) | ((words[2] ?? 0n) << 128n) | ((words[3] ?? 0n) << 192n)
    },
    allocate: (value = 0n) => {
      const slot = free
      free += NUMBER_BYTES
      if (free > pages * PAGE_BYTES) throw new RangeError('no room for another number')
      write(slot, value)
      return slot
    },
  }
}

const loaded = (first: number, limbs: Limbs): Code => seq(...limbs.map((limb, at) => set(first + at, limb)))

/** (out, a, b): out = a · b / R. */
function multiplyFunction(): WasmFunction {
  const [a, b, digits, acc] = [3, 3 + LIMBS, 3 + 2 * LIMBS, 3 + 3 * LIMBS]
  const body = seq(
    loaded(a, memoryLimbs(get(1))),
    loaded(b, memoryLimbs(get(2))),
    reduce(product(localLimbs(a), localLimbs(b)), { digits, acc }, toMemory(get(0))),
  )
  return { params: 3, i32Locals: 0, i64Locals: 3 * LIMBS + 1, body }
}

/** (out, a): out = a² / R. */
function squareFunction(): WasmFunction {
  const [a, digits, acc] = [2, 2 + LIMBS, 2 + 2 * LIMBS]
  const body = seq(loaded(a, memoryLimbs(get(1))), reduce(square(localLimbs(a)), { digits, acc }, toMemory(get(0))))
  return { params: 2, i32Locals: 0, i64Locals: 2 * LIMBS + 1, body }
}

/** A multiple of p above every value that is subtracted; the product of two differences still reduces below 2p. */
const ENOUGH = limbsOf(4n * FIELD)

/** (out, a, b): limb by limb with carries, without reduction. */
function linearFunction(of: (a: Code, b: Code, order: Code) => Code): WasmFunction {
  const carry = 3
  const b = memoryLimbs(get(2))
  const body = seq(
    set(carry, i64(0n)),
    ...memoryLimbs(get(1)).map((limb, at) =>
      seq(
        set(carry, add64(of(limb, b[at] ?? [], i64(ENOUGH[at] ?? 0n)), get(carry))),
        toMemory(get(0))(at, at === LIMBS - 1 ? get(carry) : and64(get(carry), i64(MASK))),
        set(carry, sar64(get(carry), i64(BigInt(LIMB_BITS)))),
      ),
    ),
  )
  return { params: 3, i32Locals: 0, i64Locals: 1, body }
}
