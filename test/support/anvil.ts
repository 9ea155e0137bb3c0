/** A chain of its own for a test file: started at the first use, ended after the last test. */
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestFn } from 'ava'
import { http, type HttpTransport } from 'viem'
import { startAnvil, type Anvil, type AnvilOptions } from '../../src/embedded/anvil.ts'
import { silentLog } from '../../src/log.ts'
import { PATIENCE_MS, removed } from './patience.ts'

export const TEST_CHAIN_ID = 31_337

/** Keys of the accounts that anvil funds, from its well-known mnemonic: for tests on loopback only. */
export const TEST_KEYS = [
  '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80',
  '0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d',
  '0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a',
  '0x7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6',
  '0x47e179ec197488593b187f80a00eb0da91f1b9d0b13f8733639f19c30a34926a',
] as const

/** A node is asked once and waited for: what is mined or sent again after a time-out would be there twice. */
export const toNode = (rpcUrl: string): HttpTransport => http(rpcUrl, { timeout: PATIENCE_MS, retryCount: 0 })

/** `const anvil = useAnvil(test)` at the top of a file, then `await anvil()` in its tests: always the same one. */
export function useAnvil(test: TestFn, options: Partial<AnvilOptions> = {}): () => Promise<Anvil> {
  let anvil: Promise<Anvil> | undefined
  test.after.always('the chain of this file ends', async () => {
    await (await anvil)?.stop(2000)
  })
  return () => (anvil ??= startAnvil({ chainId: TEST_CHAIN_ID, log: silentLog, ...options }))
}

/** A folder for one test file, removed after its last test. Short enough for sockets. */
export function useFolder(test: TestFn): string {
  const folder = mkdtempSync(join(tmpdir(), 'fk-'))
  test.after.always('the folder of this file is removed', () => removed(folder))
  return folder
}
