/** No secret leaves the daemon: every log line, metric, error and API answer is searched for all of them. */
import { createCipheriv, pbkdf2Sync, randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { keccak_256 } from '@noble/hashes/sha3.js'
import test from 'ava'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { useFolder } from '../support/anvil.ts'
import { startDaemon, until, type Readiness } from './support.ts'

const folder = useFolder(test)

/** A version 3 keystore, as geth writes them but quick to open. */
function keystore(key: string, password: string): string {
  const salt = randomBytes(32)
  const iv = randomBytes(16)
  const derived = pbkdf2Sync(password, salt, 2, 32, 'sha256')
  const cipher = createCipheriv('aes-128-ctr', derived.subarray(0, 16), iv)
  const ciphertext = Buffer.concat([cipher.update(Buffer.from(key.slice(2), 'hex')), cipher.final()])
  const mac = Buffer.from(keccak_256(Buffer.concat([derived.subarray(16, 32), ciphertext])))
  const kdfparams = { c: 2, dklen: 32, prf: 'hmac-sha256', salt: salt.toString('hex') }
  const crypto = {
    cipher: 'aes-128-ctr',
    ciphertext: ciphertext.toString('hex'),
    cipherparams: { iv: iv.toString('hex') },
  }
  return JSON.stringify({ version: 3, crypto: { ...crypto, kdf: 'pbkdf2', kdfparams, mac: mac.toString('hex') } })
}

const CONFIG = `
[chains.side]
rpc = ["env:SIDE_RPC", "env:OTHER_RPC"]
send = ["env:SEND_RPC"]
chain_id = 5

[accounts.plain]
chain = "side"
key = "env:PLAIN_KEY"

[accounts.stored]
chain = "local"
key = "keystore:stored.json"
password = "env:STORED_PASSWORD"

[accounts.remote]
chain = "side"
remote_signer = "env:REMOTE_SIGNER"
address = "0x00000000000000000000000000000000000000aa"
`

test.serial('keys, passwords, tokens and credentials of URLs are in no log, metric, error or answer', async t => {
  const data = join(folder, 'data')
  await mkdir(folder, { recursive: true })
  const [plain, stored] = [generatePrivateKey(), generatePrivateKey()]
  const word = (): string => randomBytes(12).toString('hex')
  const [password, user, rpcKey, query, sendKey, signerPassword, viewer, operator] = Array.from({ length: 8 }, word)
  await writeFile(join(folder, 'stored.json'), keystore(stored, password ?? ''))
  await writeFile(join(folder, 'config.toml'), CONFIG)
  const env = {
    SIDE_RPC: `http://admin:${user}@127.0.0.1:1/v3/${rpcKey}`,
    OTHER_RPC: `http://127.0.0.1:1/?apikey=${query}`,
    SEND_RPC: `http://127.0.0.1:1/${sendKey}`,
    PLAIN_KEY: plain,
    STORED_PASSWORD: password ?? '',
    REMOTE_SIGNER: `http://signer:${signerPassword}@127.0.0.1:1/`,
    FORGEKEEPER_HTTP_VIEWER_TOKEN: viewer ?? '',
    FORGEKEEPER_HTTP_OPERATOR_TOKEN: operator ?? '',
  }
  const daemon = startDaemon(t, {
    data,
    args: ['--demo', '--config', join(folder, 'config.toml'), '--log-level', 'debug'],
    env,
  })
  const base = await daemon.url()
  const shown: string[] = []
  const ask = async (path: string, token = operator, method = 'GET', body?: string): Promise<string> => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    const response = await fetch(`${base}${path}`, { method, headers, ...(body !== undefined && { body }) })
    const text = await response.text()
    shown.push(text)
    return text
  }
  await until('every account is known and the broken chain is told of', async () => {
    const { accounts } = JSON.parse(await ask('/v1/accounts')) as { accounts?: readonly { name: string }[] }
    const { checks = [] } = JSON.parse(await ask('/readyz?verbose')) as Partial<Readiness>
    return accounts?.length === 4 && checks.some(({ name, ok }) => name === 'chain:side' && !ok) ? true : null
  })
  const { paths } = JSON.parse(await ask('/openapi.json')) as { paths: Record<string, Record<string, unknown>> }
  for (const [path, methods] of Object.entries(paths)) {
    const filled = path.replaceAll(/\{[^}]+\}/g, '1')
    if ('get' in methods) await ask(filled, viewer)
    if ('post' in methods) await ask(filled, operator, 'POST', '{"nonsense":true}')
  }
  for (const path of ['/metrics', '/v1/nothing', '/', '/docs', `/v1/status?token=${operator}`]) await ask(path)
  await ask('/v1/status', 'wrong')
  t.is(await daemon.stop(), 0)
  const secrets = { plain, stored, password, user, rpcKey, query, sendKey, signerPassword, viewer, operator }
  const address = privateKeyToAccount(plain).address
  t.true(shown.some(text => text.includes(address))) // the search would find something
  for (const [name, secret = ''] of Object.entries(secrets)) {
    const needle = secret.replace(/^0x/, '')
    t.true(needle.length >= 24)
    t.deepEqual(
      shown.filter(text => text.includes(needle)).map(text => text.slice(0, 200)),
      [],
      `${name} is in an answer`,
    )
    const sheet = name === 'viewer' ? '' : daemon.out() // the demo's sheet has a link with the viewer token, for people
    t.false(`${daemon.err()}${sheet}`.includes(needle), `${name} is in the log`)
  }
})
