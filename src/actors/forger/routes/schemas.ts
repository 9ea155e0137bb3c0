/** Shapes that the forger's answers share, and how rows become them. */
import { Type } from 'typebox'

export const Nullable = <T extends Type.TSchema>(schema: T): Type.TUnion<[T, Type.TNull]> =>
  Type.Union([schema, Type.Null()])
export const Time = Type.String({ format: 'date-time', description: 'UTC, ISO 8601.' })

export const time = (value: Date | null | undefined): string | null => value?.toISOString() ?? null
export const decimal = (value: bigint | null | undefined): string | null => (value == null ? null : value.toString())
