/**
 * Column types that PostgreSQL and JavaScript must agree on exactly.
 */
import { Type } from '@mikro-orm/core'

const UINT256_MAX = (1n << 256n) - 1n

/** uint256: `numeric(78,0)` in the database, bigint in JavaScript, decimal string in JSON. Refuses anything outside. */
export class Uint256 extends Type<bigint, string> {
  override convertToDatabaseValue(value: bigint): string {
    if (value == null) return value
    const exact = BigInt(value.toString()) // query conditions may bring a decimal string
    if (exact < 0n || exact > UINT256_MAX) throw new RangeError(`not a uint256: ${exact}`)
    return exact.toString()
  }
  override convertToJSValue(value: string): bigint {
    return value == null ? value : BigInt(value)
  }
  override compareAsType(): string {
    return 'string'
  }
  override toJSON(value: bigint): string {
    return value == null ? value : value.toString()
  }
  override getColumnType(): string {
    return 'numeric(78,0)'
  }
}
