/**
 * The Poseidon permutation of one width as a WebAssembly module, over the constants of poseidon-constants.ts.
 */
import { FIELD } from '../field.ts'
import {
  add32,
  add64,
  assemble,
  call,
  type Code,
  get,
  i32,
  i64,
  seq,
  set,
  until,
  type WasmFunction,
} from './assembler.ts'
import {
  dotFunction,
  LIMB_BITS,
  LIMBS,
  limbsOf,
  localLimbs,
  memoryLimbs,
  NUMBER_BYTES,
  product,
  productSum,
  R,
  reduce,
  square,
  toLocals,
  toMemory,
} from './field-code.ts'
import type { Vector } from './matrix.ts'
import { FULL_ROUNDS, type PoseidonConstants } from './poseidon-constants.ts'
import { exportFunction, importFunction } from './words-code.ts'

/** Bytes of a number as JavaScript writes it: four 64-bit words, little-endian. */
export const WORD_BYTES = 32

/** Where `hash` finds its inputs, one after the other, and leaves its result. */
export const INPUT = 0
const STATE = INPUT + 8 * WORD_BYTES
const OTHER_STATE = STATE + 8 * NUMBER_BYTES
/** Pairs of a partial round's input and the output it leads to; first those before the first round. */
const HISTORY = OTHER_STATE + 8 * NUMBER_BYTES
const PAIR_BYTES = 2 * NUMBER_BYTES
const MAX_PAIRS = 80
const CONSTANTS = HISTORY + MAX_PAIRS * PAIR_BYTES
const PAGES = 1

export interface PoseidonModule {
  readonly bytes: Uint8Array<ArrayBuffer>
  /** Numbers to put into memory before the first hash, at their addresses, by `import`. */
  readonly memory: readonly (readonly [address: number, number: bigint])[]
}

/** A module that exports `import(out, words)`, `hash()` and its memory. */
export function poseidonModule(width: number, constants: PoseidonConstants): PoseidonModule {
  const n = width - 1
  const layout = layOut(constants)
  for (const factors of [...constants.mixing, ...constants.start, ...constants.finish, constants.recurrence]) {
    checkColumns(factors)
  }
  const counts = [...new Set([width, n, 2 * n])]
  const functions = {
    import: importFunction(),
    export: exportFunction(),
    power5: power5Function(),
    recur: recurrenceFunction(constants.recurrence),
    ...Object.fromEntries(counts.map(count => [`dot${count}`, dotFunction(count)])),
  }
  const names = Object.keys(functions)
  const program: Program = { width, rounds: constants.partial.length, layout, index: name => names.indexOf(name) }
  return { bytes: assemble({ ...functions, hash: hashFunction(program) }, PAGES), memory: layout.memory }
}

interface Layout {
  readonly first: number
  readonly partial: number
  readonly last: number
  readonly mixing: number
  readonly start: number
  readonly finish: number
  readonly memory: readonly (readonly [number, bigint])[]
}

function layOut(constants: PoseidonConstants): Layout {
  const memory: (readonly [number, bigint])[] = []
  let address = CONSTANTS
  const place = (numbers: Vector): number => {
    const start = address
    for (const number of numbers) {
      memory.push([address, number])
      address += NUMBER_BYTES
    }
    return start
  }
  return {
    first: place(constants.first.flat()),
    partial: place(constants.partial),
    last: place(constants.last.flat()),
    mixing: place(constants.mixing.flat()),
    start: place(constants.start.flat()),
    finish: place(constants.finish.flat()),
    memory,
  }
}

/** Products with these constant factors, and the reduction's, must not overflow a column of 64 bits. */
function checkColumns(factors: Vector): void {
  const inMemory = factors.map(factor => limbsOf((factor * R) % FIELD))
  const order = limbsOf(FIELD)
  const largest = (1n << BigInt(LIMB_BITS)) - 1n
  for (let k = 0; k < 2 * LIMBS - 1; k++) {
    let sum = 1n << 40n // carry from the column before
    for (let i = Math.max(0, k - LIMBS + 1); i <= Math.min(k, LIMBS - 1); i++) {
      for (const limbs of [...inMemory, order]) sum += (limbs[i] ?? 0n) * largest
    }
    if (sum >> 64n !== 0n) throw new Error(`column ${k} of ${factors.length} products does not fit in 64 bits`)
  }
}

/** (out, x, c): out = (x + c)^5. */
function power5Function(): WasmFunction {
  const [x, squared, fourth, digits, acc] = [3, 3 + LIMBS, 3 + 2 * LIMBS, 3 + 3 * LIMBS, 3 + 4 * LIMBS]
  const scratch = { digits, acc }
  const constant = memoryLimbs(get(2))
  const body = seq(
    ...memoryLimbs(get(1)).map((limb, index) => set(x + index, add64(limb, constant[index] ?? []))),
    reduce(square(localLimbs(x)), scratch, toLocals(squared)),
    reduce(square(localLimbs(squared)), scratch, toLocals(fourth)),
    reduce(product(localLimbs(fourth), localLimbs(x)), scratch, toMemory(get(0))),
  )
  return { params: 3, i32Locals: 0, i64Locals: 4 * LIMBS + 1, body }
}

/** (first pair): the number after the sequence that starts there, by constant factors written into the code. */
function recurrenceFunction(factors: Vector): WasmFunction {
  const [digits, acc] = [1, 1 + LIMBS]
  const pairs = factors.map(
    (factor, index) => [memoryLimbs(get(0), index * NUMBER_BYTES), limbsOf((factor * R) % FIELD).map(i64)] as const,
  )
  const out = toMemory(get(0), factors.length * NUMBER_BYTES)
  return { params: 1, i32Locals: 0, i64Locals: LIMBS + 1, body: reduce(productSum(pairs), { digits, acc }, out) }
}

interface Program {
  readonly width: number
  readonly rounds: number
  readonly layout: Layout
  /** Number of a function in the module. */
  readonly index: (name: string) => number
}

const ROUND = 0
const POINTER = 1
const CONSTANT = 2

/** (): hashes the words at INPUT and leaves the result's words there. */
function hashFunction(program: Program): WasmFunction {
  const { width, layout, index } = program
  const body = seq(
    clear(STATE),
    ...Array.from({ length: width - 1 }, (_, at) =>
      call(index('import'), i32(STATE + (at + 1) * NUMBER_BYTES), i32(INPUT + at * WORD_BYTES)),
    ),
    fullRounds(program, layout.first),
    partialRounds(program),
    fullRounds(program, layout.last),
    call(index('export'), i32(INPUT), i32(STATE)),
  )
  return { params: 0, i32Locals: 3, i64Locals: 0, body }
}

const clear = (address: number): Code =>
  seq(...Array.from({ length: LIMBS }, (_, limb) => toMemory(i32(0), address)(limb, i64(0n))))

const copy = (from: number, to: number): Code =>
  seq(...memoryLimbs(i32(0), from).map((limb, at) => toMemory(i32(0), to)(at, limb)))

/** Rows of a matrix times `from`, to consecutive numbers or pairs. */
const mapped = (
  { index }: Program,
  matrix: number,
  size: { readonly rows: number; readonly columns: number },
  from: Code,
  to: (row: number) => number,
): Code =>
  seq(
    ...Array.from({ length: size.rows }, (_, row) =>
      call(index(`dot${size.columns}`), i32(to(row)), i32(matrix + row * size.columns * NUMBER_BYTES), from),
    ),
  )

const fullRounds = (program: Program, constants: number): Code => {
  const { width, layout, index } = program
  const numbers = Array.from({ length: width }, (_, at) => at * NUMBER_BYTES)
  const power5 = numbers.map(offset =>
    call(index('power5'), i32(OTHER_STATE + offset), i32(STATE + offset), add32(get(CONSTANT), i32(offset))),
  )
  return seq(
    set(ROUND, i32(0)),
    set(CONSTANT, i32(constants)),
    until(
      ROUND,
      1,
      i32(FULL_ROUNDS / 2),
      seq(
        ...power5,
        set(CONSTANT, add32(get(CONSTANT), i32(width * NUMBER_BYTES))),
        mapped(
          program,
          layout.mixing,
          { rows: width, columns: width },
          i32(OTHER_STATE),
          row => STATE + row * NUMBER_BYTES,
        ),
      ),
    ),
  )
}

const partialRounds = (program: Program): Code => {
  const { width, rounds, layout, index } = program
  const n = width - 1
  const firstInput = HISTORY + n * PAIR_BYTES
  const lastPairs = HISTORY + rounds * PAIR_BYTES
  const input = (from: Code): Code =>
    call(index('power5'), add32(get(POINTER), i32(n * PAIR_BYTES)), from, get(CONSTANT))
  const next = seq(call(index('recur'), get(POINTER)), set(CONSTANT, add32(get(CONSTANT), i32(NUMBER_BYTES))))
  return seq(
    ...Array.from({ length: n }, (_, pair) => clear(HISTORY + pair * PAIR_BYTES)),
    mapped(
      program,
      layout.start,
      { rows: n, columns: n },
      i32(STATE + NUMBER_BYTES),
      row => HISTORY + row * PAIR_BYTES + NUMBER_BYTES,
    ),
    set(POINTER, i32(HISTORY)),
    set(CONSTANT, i32(layout.partial)),
    input(i32(STATE)),
    next,
    set(POINTER, i32(HISTORY + PAIR_BYTES)),
    until(
      POINTER,
      PAIR_BYTES,
      i32(HISTORY + rounds * PAIR_BYTES),
      seq(input(add32(get(POINTER), i32(n * PAIR_BYTES - NUMBER_BYTES))), next),
    ),
    copy(firstInput + rounds * PAIR_BYTES - NUMBER_BYTES, STATE),
    mapped(
      program,
      layout.finish,
      { rows: n, columns: 2 * n },
      i32(lastPairs),
      row => STATE + (row + 1) * NUMBER_BYTES,
    ),
  )
}
