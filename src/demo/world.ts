/**
 * What `--demo` has that a real deployment brings along: a chain of its own, funded keys, free ports.
 */
import { createServer } from 'node:net'
import type { Hex } from 'viem'
import { mnemonicToAccount, type HDAccount } from 'viem/accounts'
import type { DemoWorld } from '../role.ts'

/** The well-known development mnemonic that anvil funds; worthless anywhere else. */
const MNEMONIC = 'test test test test test test test test test test test junk'
export const DEMO_CHAIN_ID = 31_337
/** Accounts that anvil is told to fund: a decade for each role that takes some. */
export const FUNDED_ACCOUNTS = 50

/** Reserves a port for the chain; roles reserve theirs from it. `httpUrl` answers once HTTP listens. */
export async function demoWorld(httpUrl: () => string | null): Promise<DemoWorld & { readonly chainPort: number }> {
  const [chainPort = 0] = await freePorts(1)
  return {
    chain: 'local',
    chainId: DEMO_CHAIN_ID,
    chainPort,
    rpcUrl: `http://127.0.0.1:${chainPort}`,
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
    ['chains.local.rpc', [world.rpcUrl]],
    ['chains.local.ws', world.rpcUrl.replace('http', 'ws')],
    ['chains.local.chain_id', world.chainId],
    ['chains.local.confirmations', 3],
    ['chains.local.poll_interval', '200ms'],
  ])

const accountAt = (index: number): HDAccount => mnemonicToAccount(MNEMONIC, { addressIndex: index })

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
