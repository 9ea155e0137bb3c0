/**
 * What fits into a transaction, as a schema: everything that comes from a caller passes it before it is stored.
 */
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { FINALITIES, INTENT_BOUNDS } from '../../../entities/kernel/intent.ts'
import { WishMalformedError } from '../errors.ts'
import type { Wish } from '../wish.ts'

/** A blob of EIP-4844: 4096 field elements of 32 bytes. */
export const BLOB_BYTES = 131_072
/** More do not fit into a block of any fork so far. */
const MOST_BLOBS = 6
/** Nodes refuse larger ones (geth: 128 KiB). */
const MOST_DATA_BYTES = 128 * 1024

const Bounded = (field: keyof typeof INTENT_BOUNDS): Type.TBigInt => {
  const [minimum, exclusiveMaximum] = INTENT_BOUNDS[field]
  return Type.BigInt({ minimum, exclusiveMaximum })
}
const name = Type.String({ minLength: 1, maxLength: 200 })
const Nullable = <T extends Type.TSchema>(schema: T): Type.TUnion<[T, Type.TNull]> => Type.Union([schema, Type.Null()])

const WishSchema = Type.Object(
  {
    key: Type.String({ minLength: 1, maxLength: 500 }),
    role: name,
    subject: Type.String({ minLength: 1, maxLength: 500 }),
    chain: name,
    account: Type.Union([name, Type.Array(name, { minItems: 1, maxItems: 100, uniqueItems: true })]),
    to: Type.String({ pattern: '^0x[0-9a-fA-F]{40}$' }),
    data: Type.String({ pattern: '^0x([0-9a-fA-F]{2})*$', maxLength: 2 + 2 * MOST_DATA_BYTES }),
    value: Bounded('value'),
    gasLimit: Nullable(Bounded('gasLimit')),
    notAfterBlock: Nullable(Bounded('notAfterBlock')),
    confirmations: Type.Integer({ minimum: 0, maximum: 1_000_000 }),
    finality: Type.Optional(Nullable(Type.Union(FINALITIES.map(tag => Type.Literal(tag))))),
    traceId: Nullable(Type.String({ maxLength: 200 })),
    maxFeePerGas: Type.Optional(Nullable(Bounded('maxFeePerGas'))),
    blobs: Type.Optional(
      Type.Array(
        Type.String({ pattern: '^0x[0-9a-fA-F]*$', minLength: 2 + 2 * BLOB_BYTES, maxLength: 2 + 2 * BLOB_BYTES }),
        {
          maxItems: MOST_BLOBS,
        },
      ),
    ),
  },
  { additionalProperties: false },
)
const fits = Compile(WishSchema)

/** Throws WishMalformedError with the first field that does not fit; never the field's content. */
export function refuseMalformed(wanted: Wish): void {
  if (fits.Check(wanted)) return
  const [error] = fits.Errors(wanted)
  const field = error?.instancePath.split('/')[1] ?? missing(error)
  const key = typeof wanted.key === 'string' ? wanted.key.slice(0, 200) : ''
  throw new WishMalformedError(`the wish ${key} has no usable ${field}: ${error?.message ?? 'another shape'}`, {
    facts: { key, field },
  })
}

/** The name in an error about the object itself: a property that is missing or not known. */
function missing(error: { readonly params?: unknown } | undefined): string {
  const params: unknown = error?.params
  if (typeof params !== 'object' || params === null) return 'content'
  const [names] = Object.values(params)
  return Array.isArray(names) ? String(names[0]) : 'content'
}
