/**
 * From the schema of a section to the type of its value: snake_case keys become camelCase, units become numbers.
 */
import type { Static, TArray, TObject, TOptional, TRecord, TSchema, TUnsafe } from 'typebox'

/** `poll_interval` as `pollInterval`. */
export type Camel<S extends string> = S extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<Camel<Tail>>}` : S

type OptionalKeys<P> = { [K in keyof P]: P[K] extends TOptional ? K : never }[keyof P] & string

type DecodedObject<P> = {
  readonly [K in Exclude<keyof P & string, OptionalKeys<P>> as Camel<K>]: Decoded<P[K]>
} & { readonly [K in OptionalKeys<P> as Camel<K>]?: Decoded<P[K]> }

/** The value a loaded section has. Fields with a default are always there; `Type.Optional` ones may be absent. */
export type Decoded<S> =
  S extends TUnsafe<infer T>
    ? T
    : S extends TObject<infer P>
      ? { [K in keyof DecodedObject<P>]: DecodedObject<P>[K] }
      : S extends TRecord<string, infer V>
        ? Readonly<Record<string, Decoded<V>>>
        : S extends TArray<infer I>
          ? readonly Decoded<I>[]
          : S extends TSchema
            ? Static<S>
            : never

/** `poll_interval` as `pollInterval`, at run time. */
export const camel = (key: string): string => key.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
