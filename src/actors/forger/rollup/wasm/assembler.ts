/**
 * A minimal WebAssembly assembler: enough to write straight-line 64-bit arithmetic and counted loops as code.
 *
 * Instructions are flat byte lists that push one value or none; a function's body is their concatenation.
 */
export type Code = readonly number[]

/** A function: how many i32 parameters, how many further i32 and i64 locals, and its body. It returns nothing. */
export interface WasmFunction {
  readonly params: number
  readonly i32Locals: number
  readonly i64Locals: number
  readonly body: Code
}

const I32 = 0x7f
const I64 = 0x7e

function unsigned(value: number): Code {
  const bytes: number[] = []
  let rest = value
  do {
    const low = rest % 128
    rest = Math.floor(rest / 128)
    bytes.push(rest === 0 ? low : low | 0x80)
  } while (rest !== 0)
  return bytes
}

function signed(value: bigint): Code {
  const bytes: number[] = []
  for (let rest = value; ; rest >>= 7n) {
    const low = Number(rest & 0x7fn)
    const done = (rest >> 7n === 0n && (low & 0x40) === 0) || (rest >> 7n === -1n && (low & 0x40) !== 0)
    bytes.push(done ? low : low | 0x80)
    if (done) return bytes
  }
}

export const seq = (...parts: readonly Code[]): Code => parts.flat()

export const get = (local: number): Code => [0x20, ...unsigned(local)]
export const set = (local: number, value: Code): Code => [...value, 0x21, ...unsigned(local)]

export const i64 = (value: bigint): Code => [0x42, ...signed(value)]
export const i32 = (value: number): Code => [0x41, ...signed(BigInt(value))]

const binary =
  (opcode: number) =>
  (a: Code, b: Code): Code => [...a, ...b, opcode]

export const add64 = binary(0x7c)
export const sub64 = binary(0x7d)
export const mul64 = binary(0x7e)
export const and64 = binary(0x83)
export const or64 = binary(0x84)
export const shl64 = binary(0x86)
/** Arithmetic shift, for borrows. */
export const sar64 = binary(0x87)
export const shr64 = binary(0x88)
export const add32 = binary(0x6a)
export const lessThan32 = binary(0x49)

/** Reads 8 bytes at a pointer plus a fixed offset. */
export const load64 = (pointer: Code, offset: number): Code => [...pointer, 0x29, 3, ...unsigned(offset)]
export const store64 = (pointer: Code, offset: number, value: Code): Code => [
  ...pointer,
  ...value,
  0x37,
  3,
  ...unsigned(offset),
]

export const call = (index: number, ...args: readonly Code[]): Code => [...args.flat(), 0x10, ...unsigned(index)]

/** The sum of at least one term. */
export const sum64 = (terms: readonly Code[]): Code => terms.reduce((sum, term) => add64(sum, term))

/** Runs `body` and adds `step` to the local until it reaches `end` (at least once). */
export const until = (local: number, step: number, end: Code, body: Code): Code => [
  0x03,
  0x40,
  ...body,
  ...set(local, add32(get(local), i32(step))),
  ...lessThan32(get(local), end),
  0x0d,
  0,
  0x0b,
]

const vector = (items: readonly Code[]): Code => [...unsigned(items.length), ...items.flat()]
const section = (id: number, content: Code): Code => [id, ...unsigned(content.length), ...content]
const text = (value: string): Code => vector([...new TextEncoder().encode(value)].map(byte => [byte]))

const MAGIC_AND_VERSION = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0]

/** A module with `pages` of memory ("memory") that exports every function under its name. */
export function assemble(functions: Readonly<Record<string, WasmFunction>>, pages: number): Uint8Array<ArrayBuffer> {
  const all = Object.entries(functions)
  const arities = [...new Set(all.map(([, { params }]) => params))]
  const types = arities.map(params => [0x60, ...vector(Array.from({ length: params }, () => [I32])), 0])
  return Uint8Array.from([
    ...MAGIC_AND_VERSION,
    ...section(1, vector(types)),
    ...section(3, vector(all.map(([, { params }]) => unsigned(arities.indexOf(params))))),
    ...section(5, vector([[0, ...unsigned(pages)]])),
    ...section(
      7,
      vector([[...text('memory'), 2, 0], ...all.map(([name], index) => [...text(name), 0, ...unsigned(index)])]),
    ),
    ...section(10, vector(all.map(([, code]) => bodyOf(code)))),
  ])
}

function bodyOf({ i32Locals, i64Locals, body }: WasmFunction): Code {
  const locals = vector([
    [...unsigned(i32Locals), I32],
    [...unsigned(i64Locals), I64],
  ])
  return [...unsigned(locals.length + body.length + 1), ...locals, ...body, 0x0b]
}
