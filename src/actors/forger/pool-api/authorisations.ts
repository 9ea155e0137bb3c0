/** `/account-creation-authorization`: let the coordinator create an account for an address, so that others can send to it. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { UniqueConstraintViolationException } from '@mikro-orm/core'
import { Type } from 'typebox'
import { AccountCreationAuth } from '../../../entities/forger/pool-tx.ts'
import { authorisationDigest, splitSignature } from '../rollup/authorisation.ts'
import type { Hex } from '../rollup/types.ts'
import type { AdmissionDeps } from './admission.ts'
import { DuplicatedKey, InvalidSignature, required, SQLNoRows } from './errors.ts'
import { formatBjj, formatEthAddr, parseBjj, parseEthAddr, parseSignature } from './hez-format.ts'

const open = { access: 'open' } as const
const word = (description: string): Type.TString => Type.String({ maxLength: 160, description })

const Body = Type.Object(
  {
    hezEthereumAddress: word('`hez:0x…` or `0x…`'),
    bjj: word('`hez:…` or the compressed key, `0x` and 64 digits'),
    signature: word('EIP-712, r ‖ s ‖ v, 65 bytes of hex'),
  },
  { additionalProperties: true },
)
const Row = Type.Object({
  hezEthereumAddress: Type.String(),
  bjj: Type.String(),
  signature: Type.String(),
  timestamp: Type.String({ format: 'date-time' }),
})

interface Authorisation {
  readonly ethAddr: Hex
  readonly bjj: Hex
  readonly signature: Hex
}

export const authorisations =
  (deps: AdmissionDeps): FastifyPluginAsyncTypebox =>
  async app => {
    app.post(
      '/account-creation-authorization',
      {
        config: open,
        schema: {
          tags: ['pool'],
          summary: 'Authorise the creation of an account',
          body: Body,
          response: { 200: Type.Object({ success: Type.Literal('OK') }) },
        },
      },
      async ({ body }) => {
        const given = readAuthorisation(body)
        const { chainId, rollup } = deps.domain()
        const digest = authorisationDigest(given.bjj, chainId, rollup)
        const signature = splitSignature(given.signature)
        const valid = await deps.signatures.check({ do: 'authorisation', digest, signature, ethAddr: given.ethAddr })
        if (!valid) throw new InvalidSignature('the address did not sign this for this rollup')
        await store(deps, given)
        return { success: 'OK' as const }
      },
    )

    app.get(
      '/account-creation-authorization/:hezEthereumAddress',
      {
        config: open,
        schema: {
          tags: ['pool'],
          summary: 'The authorisation of an address',
          params: Type.Object({ hezEthereumAddress: Type.String() }),
          response: { 200: Row },
        },
      },
      async ({ params }) => {
        const ethAddr = required(parseEthAddr(params.hezEthereumAddress), 'hezEthereumAddress')
        const row = await deps.orm().em.fork().findOne(AccountCreationAuth, { ethAddr })
        if (!row) throw new SQLNoRows('the address has not authorised anything', { ethAddr })
        return {
          hezEthereumAddress: formatEthAddr(row.ethAddr),
          bjj: formatBjj(row.bjj as Hex), // stored from a parsed key
          signature: row.signature,
          timestamp: row.receivedAt.toISOString(),
        }
      },
    )
  }

const readAuthorisation = (body: Type.Static<typeof Body>): Authorisation => ({
  ethAddr: required(parseEthAddr(body.hezEthereumAddress), 'hezEthereumAddress'),
  bjj: required(parseBjj(body.bjj), 'bjj'),
  signature: required(parseSignature(body.signature, 65), 'signature'),
})

async function store({ orm, clock }: AdmissionDeps, given: Authorisation): Promise<void> {
  try {
    await orm()
      .em.fork()
      .insert(AccountCreationAuth, { ...given, receivedAt: new Date(clock.now()) })
  } catch (error) {
    if (!(error instanceof UniqueConstraintViolationException)) throw error
    throw new DuplicatedKey('the address has authorised before', { ethAddr: given.ethAddr })
  }
}
