/** Keys wherever they are: in this process, behind JSON-RPC, in a KMS; and what is refused. */
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import test, { type ExecutionContext } from 'ava'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { hexToBytes, parseGwei, recoverTransactionAddress, type Hex, type TransactionSerializable } from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { createPublicKey } from 'node:crypto'
import { Secret } from '../src/secrets.ts'
import { awsKms, type AwsKmsModule } from '../src/signers/aws-kms.ts'
import { kmsSigner, signatureFrom, type KmsPort } from '../src/signers/kms.ts'
import { SharedAccountError } from '../src/signers/errors.ts'
import { localSigner, nativeSigning, signByWebAssembly } from '../src/signers/local.ts'
import { remoteSigner } from '../src/signers/remote.ts'
import { openSigners } from '../src/signers.ts'

const KEY: Hex = '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80'
const VIEM = privateKeyToAccount(KEY)
const common = { chainId: 31_337, nonce: 7, to: VIEM.address, value: 5n, data: '0x1234', gas: 50_000n } as const
const TRANSACTIONS: readonly TransactionSerializable[] = [
  { type: 'eip1559', ...common, maxFeePerGas: parseGwei('20'), maxPriorityFeePerGas: parseGwei('1') },
  { type: 'legacy', ...common, gasPrice: parseGwei('3') },
]
const TYPED = {
  domain: { name: 'x', chainId: 1n },
  types: { Thing: [{ name: 'amount', type: 'uint256' }] },
  primaryType: 'Thing',
  message: { amount: 3n },
} as const

const WAYS = { 'natively, if it is built for this platform': nativeSigning(), 'as WebAssembly': signByWebAssembly }
for (const [way, signing] of Object.entries(WAYS)) {
  test(`a key of this process signs as viem does, byte for byte: ${way}`, async t => {
    const signer = localSigner('main', new Secret(KEY), signing ?? signByWebAssembly)
    t.is(signer.address, VIEM.address)
    for (const tx of TRANSACTIONS) t.is(await signer.signTransaction(tx), await VIEM.signTransaction(tx))
    t.is(await signer.signTypedData(TYPED), await VIEM.signTypedData(TYPED))
  })
}

test('two names for one account of a chain are refused; on two chains they are two accounts', async t => {
  const account = (chain: string) =>
    ({ chain, allowRawKeys: true, key: { kind: 'literal', value: new Secret(KEY) } }) as const
  const error = await t.throwsAsync(openSigners({ a: account('main'), b: account('main') }, {}), {
    instanceOf: SharedAccountError,
  })
  t.is(error.message, `accounts.a and accounts.b are the same account, ${VIEM.address}`)
  t.deepEqual([...(await openSigners({ a: account('main'), b: account('side') }, {})).keys()], ['a', 'b'])
})

test('500 digests are signed alike natively and as WebAssembly', t => {
  const native = nativeSigning()
  if (native === null) return t.pass('no native package for this platform')
  for (let round = 0; round < 500; round += 1) {
    const [digest, key] = [hexToBytes(generatePrivateKey()), hexToBytes(generatePrivateKey())]
    const [one, other] = [native(digest, key), signByWebAssembly(digest, key)]
    t.is(one.recoveryId, other.recoveryId)
    t.deepEqual([...one.rs], [...other.rs])
  }
})

test('200 random keys sign what recovers to their own address', async t => {
  for (let round = 0; round < 200; round += 1) {
    const signer = localSigner('main', new Secret(generatePrivateKey()))
    const serializedTransaction = (await signer.signTransaction({
      ...TRANSACTIONS[0]!,
      nonce: round,
    })) as `0x02${string}`
    t.is(await recoverTransactionAddress({ serializedTransaction }), signer.address)
  }
})

for (const [text, what] of [
  ['0x12', 'too short'],
  [`0x${'00'.repeat(32)}`, 'zero'],
  [`0x${'ff'.repeat(32)}`, 'beyond the order of the curve'],
  [KEY.slice(2), 'without 0x'],
] as const) {
  test(`a key that is ${what} is refused without being shown`, t => {
    const error = t.throws(() => localSigner('main', new Secret(text)))
    t.like(error, { code: 'CFG_008' })
    t.false(error?.message.includes(text.slice(2)))
  })
}

/** A KMS in this process. `high` makes it answer with the high s, as KMS do half of the time. */
function fakeKms(key: Hex, high: boolean): KmsPort & { calls: number } {
  const bytes = hexToBytes(key)
  const point = secp256k1.getPublicKey(bytes, false)
  const text = (at: number): string => Buffer.from(point.subarray(at, at + 32)).toString('base64url')
  const jwk = { kty: 'EC', crv: 'secp256k1', x: text(1), y: text(33) }
  const kms = {
    calls: 0,
    publicKey: async () => createPublicKey({ key: jwk, format: 'jwk' }).export({ format: 'der', type: 'spki' }),
    sign: async (digest: Uint8Array) => {
      kms.calls += 1
      const { r, s } = secp256k1.Signature.fromBytes(secp256k1.sign(digest, bytes, { prehash: false }))
      const other = high ? secp256k1.Point.CURVE().n - s : s
      return new secp256k1.Signature(r, other).toBytes('der')
    },
  }
  return kms
}

for (const high of [false, true]) {
  test(`a KMS that answers with ${high ? 'the high' : 'the low'} s in DER gives the signature that a node takes`, async t => {
    const signer = kmsSigner('main', VIEM.address, fakeKms(KEY, high))
    for (const tx of TRANSACTIONS) t.is(await signer.signTransaction(tx), await VIEM.signTransaction(tx))
    t.is(await signer.signTypedData(TYPED), await VIEM.signTypedData(TYPED))
  })
}

test('a KMS key of another account is refused before it signs anything', async t => {
  const kms = fakeKms(generatePrivateKey(), false)
  const signer = kmsSigner('main', VIEM.address, kms)
  await t.throwsAsync(signer.signTransaction(TRANSACTIONS[0]!), { code: 'CFG_011', message: /is the one of 0x/ })
  t.is(kms.calls, 0)
})

test('a KMS key that is none of secp256k1 is refused', async t => {
  const signer = kmsSigner('main', VIEM.address, { ...fakeKms(KEY, false), publicKey: async () => new Uint8Array(10) })
  await t.throwsAsync(signer.signTransaction(TRANSACTIONS[0]!), { code: 'CFG_011', message: /no key of secp256k1/ })
})

test('a KMS that signed with another key is refused', async t => {
  const digest = new Uint8Array(32).fill(3)
  const der = await fakeKms(generatePrivateKey(), false).sign(digest)
  t.throws(() => signatureFrom('main', der, digest, VIEM.address), { code: 'CFG_011' })
})

test('the AWS client is loaded at the first signature, asked for a digest, and reused', async t => {
  const kms = fakeKms(KEY, true)
  let loads = 0
  const sent: unknown[] = []
  class Command {
    readonly input: { readonly KeyId: string; readonly Message?: Uint8Array }
    constructor(input: { readonly KeyId: string; readonly Message?: Uint8Array }) {
      this.input = input
    }
  }
  class KMSClient {
    async send(command: unknown): Promise<{ PublicKey?: Uint8Array; Signature?: Uint8Array }> {
      const { input } = command as Command // only ours are sent
      sent.push(input)
      return input.Message ? { Signature: await kms.sign(input.Message) } : { PublicKey: await kms.publicKey() }
    }
  }
  const load = async (): Promise<AwsKmsModule> => {
    loads += 1
    return { KMSClient, GetPublicKeyCommand: Command, SignCommand: Command }
  }
  const signer = kmsSigner('main', VIEM.address, awsKms({ keyId: 'alias/x', region: 'eu-west-1', load }))
  t.is(loads, 0)
  for (const tx of TRANSACTIONS) t.is(await signer.signTransaction(tx), await VIEM.signTransaction(tx))
  t.is(loads, 1)
  t.like(sent[1], { KeyId: 'alias/x', MessageType: 'DIGEST', SigningAlgorithm: 'ECDSA_SHA_256' })
})

test('without the optional AWS package the error says what to install', async t => {
  const signer = kmsSigner('main', VIEM.address, awsKms({ keyId: 'alias/x', region: null }))
  await t.throwsAsync(signer.signTransaction(TRANSACTIONS[0]!), { code: 'CFG_010' })
})

interface Asked {
  readonly method: string
  readonly params: readonly unknown[]
}

/** A remote signer that answers as told; what it was asked, and with which authorization. */
async function remote(
  t: ExecutionContext,
  answer: (asked: Asked) => unknown,
): Promise<{ url: string; asked: (Asked & { authorization: string | undefined })[] }> {
  const asked: (Asked & { authorization: string | undefined })[] = []
  const server = createServer((request: IncomingMessage, response) => {
    let text = ''
    request.on('data', (chunk: Buffer) => (text += chunk.toString()))
    request.on('end', () => {
      const call = JSON.parse(text) as Asked // our own client's
      asked.push({ ...call, authorization: request.headers.authorization })
      const said = answer(call)
      response.end(typeof said === 'string' ? said : JSON.stringify({ jsonrpc: '2.0', id: 1, ...(said as object) }))
    })
  })
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  t.teardown(() => void server.close())
  const { port } = server.address() as AddressInfo // listening on TCP
  return { url: `http://user:pass%21@127.0.0.1:${port}/sign`, asked }
}

const signerAt = (url: string) =>
  remoteSigner({ url, address: VIEM.address, fetch: globalThis.fetch, timeoutMs: 2_000 })

test('a remote signer is asked with quantities in hex, and its bytes or its { raw } are taken', async t => {
  const [tx] = TRANSACTIONS
  const raw = await VIEM.signTransaction(tx!)
  const { url, asked } = await remote(t, ({ method }) => ({ result: method === 'eth_signTransaction' ? { raw } : raw }))
  t.is(await signerAt(url).signTransaction(tx!), raw)
  t.is(await signerAt(url).signTypedData(TYPED), raw)
  t.is(asked[0]?.authorization, `Basic ${Buffer.from('user:pass!').toString('base64')}`)
  t.like(asked[0]?.params[0], { from: VIEM.address, nonce: '0x7', gas: '0xc350', type: '0x2', chainId: '0x7a69' })
})

for (const [what, said, expected] of [
  ['refuses', { error: { code: -32_000, message: 'locked' } }, /refuses: locked/],
  ['answers an HTML page', '<html>', /without JSON/],
  ['answers no bytes', { result: 'ok' }, /without a signature/],
  ['answers nothing', { result: null }, /without a signature/],
] as const) {
  test(`a remote signer that ${what} is an error without its address or password`, async t => {
    const { url } = await remote(t, () => said)
    const error = await t.throwsAsync(signerAt(url).signTransaction(TRANSACTIONS[0]!), { code: 'TX_105' })
    t.regex(error?.message ?? '', expected)
    t.notRegex(error?.message ?? '', /pass|127\.0/)
  })
}

test('a remote signer that is not there is an error that passes', async t => {
  const error = await t.throwsAsync(signerAt('http://user:pass@127.0.0.1:1/').signTransaction(TRANSACTIONS[0]!))
  t.like(error, { code: 'TX_105', severity: 'transient' })
  t.notRegex(error?.message ?? '', /pass/)
})
