/**
 * Who collects the fees: the forging account, with a BabyJubJub key and the permission to open rollup accounts for it.
 */
import { keccak256, toBytes, type TypedDataDefinition } from 'viem'
import type { RoleContext } from '../../role.ts'
import type { ForgerConfig } from './config.ts'
import { compressKey, secretFromSeed } from './rollup/bjj.ts'
import type { FeeAccount } from './rollup/selection-types.ts'
import type { Hex } from './rollup/types.ts'

type Ctx = Pick<RoleContext<ForgerConfig>, 'config' | 'addressOf' | 'signTypedData' | 'chain'>

/** Signs the authorisation to create accounts (EIP-712, reference 9.8). The key is the configured one or a derived one. */
export async function openFeeAccount(context: Ctx): Promise<FeeAccount> {
  const { config, addressOf, signTypedData } = context
  const bjj = (config.feeBjj?.toLowerCase() as Hex | undefined) ?? (await derivedKey(context)) // matched by the schema
  const signature = await signTypedData(config.account, authorisation(context, bjj))
  return { ethAddr: addressOf(config.account).toLowerCase() as Hex, bjj, signature }
}

const authorisation = ({ config, chain }: Ctx, bjj: Hex): TypedDataDefinition => ({
  domain: {
    name: 'Hermez Network',
    version: '1',
    chainId: chain(config.chain).chainId,
    verifyingContract: config.rollup,
  },
  types: {
    Authorise: [
      { name: 'Provider', type: 'string' },
      { name: 'Authorisation', type: 'string' },
      { name: 'BJJKey', type: 'bytes32' },
    ],
  },
  primaryType: 'Authorise',
  message: { Provider: 'Hermez Network', Authorisation: 'Account creation', BJJKey: bjj },
})

/**
 * A key that whoever holds the account's key can derive again: its seed is the hash of the account's signature of a
 * fixed message, which is the same every time (RFC 6979).
 */
async function derivedKey({ config, signTypedData, chain }: Ctx): Promise<Hex> {
  const signature = await signTypedData(config.account, {
    domain: {
      name: 'Forgekeeper',
      version: '1',
      chainId: chain(config.chain).chainId,
      verifyingContract: config.rollup,
    },
    types: { FeeKey: [{ name: 'purpose', type: 'string' }] },
    primaryType: 'FeeKey',
    message: { purpose: 'BabyJubJub key that collects the fees of batches' },
  })
  return compressKey(secretFromSeed(toBytes(keccak256(signature))).publicKey)
}
