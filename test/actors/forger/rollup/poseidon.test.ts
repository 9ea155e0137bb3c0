/**
 * The WebAssembly hash against a bigint implementation of the same parameters, and the field arithmetic under it.
 */
import test from 'ava'
import fc from 'fast-check'
import { poseidon1, poseidon2, poseidon3, poseidon4, poseidon5, poseidon6 } from 'poseidon-lite'
import { FIELD } from '../../../../src/actors/forger/rollup/field.ts'
import { poseidon } from '../../../../src/actors/forger/rollup/poseidon.ts'
import { fieldModule } from '../../../../src/actors/forger/rollup/wasm/field-module.ts'
import { squareRootOfFraction } from '../../../../src/actors/forger/rollup/wasm/square-root.ts'

const ORACLES = [poseidon1, poseidon2, poseidon3, poseidon4, poseidon5, poseidon6]
const element = fc.oneof(
  fc.bigInt({ min: 0n, max: FIELD - 1n }),
  fc.constantFrom(0n, 1n, FIELD - 1n, FIELD - 2n, (1n << 253n) - 1n, 1n << 253n),
)

for (const [at, oracle] of ORACLES.entries()) {
  test(`a hash of ${at + 1} elements is the reference's`, t => {
    const inputs = fc.array(element, { minLength: at + 1, maxLength: at + 1 })
    fc.assert(
      fc.property(inputs, values => poseidon(values) === oracle(values)),
      { numRuns: 200 },
    )
    t.pass()
  })
}

test('only one to six elements can be hashed', t => {
  t.throws(() => poseidon([]), { instanceOf: RangeError })
  t.throws(() => poseidon([1n, 2n, 3n, 4n, 5n, 6n, 7n]), { instanceOf: RangeError })
})

test('the field module computes as bigint does', t => {
  const field = fieldModule(1)
  const [a, b, out] = [field.allocate(), field.allocate(), field.allocate()]
  const on = (x: bigint, y: bigint): bigint[] => {
    field.write(a, x)
    field.write(b, y)
    const results = [field.multiply, field.add, field.subtract].map(operation => {
      operation(out, a, b)
      return field.read(out)
    })
    field.square(out, a)
    return [...results, field.read(out)]
  }
  fc.assert(
    fc.property(element, element, (x, y) => {
      t.deepEqual(on(x, y), [(x * y) % FIELD, (x + y) % FIELD, (x - y + FIELD) % FIELD, (x * x) % FIELD])
    }),
  )
})

test('a root is found of every square fraction and of no other', t => {
  fc.assert(
    fc.property(element, fc.bigInt({ min: 1n, max: FIELD - 1n }), (x, v) => {
      const u = (((x * x) % FIELD) * v) % FIELD
      const root = squareRootOfFraction(u, v)
      t.true(root === x || root === (FIELD - x) % FIELD)
      if (x !== 0n) t.is(squareRootOfFraction((u * 5n) % FIELD, v), null)
    }),
  )
})
