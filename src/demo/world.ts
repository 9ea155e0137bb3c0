/**
 * What `--demo` has that a real deployment brings along: a chain of its own, funded keys, free ports.
 */
import { pbkdf2Sync } from 'node:crypto'
import { createServer } from 'node:net'
import type { Hex } from 'viem'
import { HDKey, hdKeyToAccount, type HDAccount } from 'viem/accounts'
import type { Loaded } from '../config/load.ts'
import { OperatorError } from '../errors.ts'
import type { DemoWorld } from '../role.ts'

/** The well-known development mnemonic that anvil funds; worthless anywhere else. */
const MNEMONIC = 'test test test test test test test test test test test junk'
export const DEMO_CHAIN_ID = 31_337
/** Accounts that anvil is told to fund: a decade for each role that takes some. */
export const FUNDED_ACCOUNTS = 50

/** The given chain named `local` is none that the demo may use. */
export class DemoChainError extends OperatorError {
  readonly code = 'CFG_009'
  readonly severity = 'fatal'
  readonly hint = 'The demo deploys contracts with well-known keys: give it an anvil of your own with chain id 31337.'
}

/** `chainPort` is where the demo's own chain shall listen; null when a chain was given. */
export type FullWorld = DemoWorld & { readonly chainPort: number | null }

/**
 * Reserves a port for the chain unless [chains.local] is given; roles reserve theirs from it. `httpUrl` answers once HTTP
 * listens. Throws DemoChainError.
 */
export async function demoWorld({ config, layers }: Loaded, httpUrl: () => string | null): Promise<FullWorld> {
  const given = config.chains['local']
  if (given !== undefined && given.chainId !== DEMO_CHAIN_ID)
    throw new DemoChainError(`[chains.local] is chain ${given.chainId}, and the demo runs on ${DEMO_CHAIN_ID} only`)
  const chainPort = given === undefined ? ((await freePorts(1))[0] ?? 0) : null
  return {
    chain: 'local',
    chainId: DEMO_CHAIN_ID,
    chainPort,
    rpcUrl: given?.rpc[0] ?? `http://127.0.0.1:${chainPort}`,
    ownChain: chainPort !== null,
    given: key => layers.originOf(key).source !== 'default',
    account: accountAt,
    keyOf,
    freePorts,
    fetch: globalThis.fetch,
    httpUrl,
  }
}

/** The chain's part of the configuration, as it would stand in a file. */
export const demoChain = (world: DemoWorld): ReadonlyMap<string, unknown> =>
  new Map<string, unknown>([
    ...(world.ownChain ? ownChain(world.rpcUrl) : []),
    ['chains.local.chain_id', world.chainId],
    ['chains.local.confirmations', 3],
    ['chains.local.poll_interval', '200ms'],
  ])

const ownChain = (rpcUrl: string): [string, unknown][] => [
  ['chains.local.rpc', [rpcUrl]],
  ['chains.local.ws', rpcUrl.replace('http', 'ws')],
]

const root = (): HDKey => (cachedRoot ??= HDKey.fromMasterSeed(pbkdf2Sync(MNEMONIC, 'mnemonic', 2048, 64, 'sha512')))
/** Made once and natively: a start should not spend its time on it (BIP-39 asks for 2048 rounds). */
let cachedRoot: HDKey | null = null

const accountAt = (index: number): HDAccount => hdKeyToAccount(root(), { addressIndex: index })

function keyOf(index: number): Hex {
  const key = accountAt(index).getHdKey().privateKey
  if (!key) throw new Error('the mnemonic gives no private key')
  return `0x${Buffer.from(key).toString('hex')}`
}

/** All are held until all are known, so that no two are the same. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, listen))
  await Promise.all(servers.map(({ close }) => close()))
  return servers.map(({ port }) => port)
}

function listen(): Promise<{ port: number; close: () => Promise<void> }> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      resolve({ port, close: () => new Promise(done => server.close(() => done())) })
    })
  })
}
