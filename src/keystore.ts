/**
 * Reads version 3 keystore files (geth, web3signer, cast). Scrypt runs on the thread pool, never on the event loop.
 */
import { createDecipheriv, pbkdf2, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { Type, type Static } from 'typebox'
import { Check } from 'typebox/value'
import { OperatorError } from './errors.ts'

/** A keystore that cannot be opened: not version 3, damaged, or another password. */
export class KeystoreError extends OperatorError {
  readonly code = 'CFG_005'
  readonly severity = 'fatal'
  readonly hint = 'Name a version 3 keystore file and, in `password`, a reference to its password.'
}

const Hex = Type.String({ pattern: '^(0x)?([0-9a-fA-F]{2})*$', maxLength: 4096 })
const Keystore = Type.Object({
  version: Type.Literal(3),
  crypto: Type.Object({
    cipher: Type.Literal('aes-128-ctr'),
    ciphertext: Hex,
    cipherparams: Type.Object({ iv: Hex }),
    kdf: Type.Union([Type.Literal('scrypt'), Type.Literal('pbkdf2')]),
    kdfparams: Type.Object({
      dklen: Type.Integer({ minimum: 32, maximum: 64 }),
      salt: Hex,
      n: Type.Optional(Type.Integer({ minimum: 2, maximum: 2 ** 20 })),
      r: Type.Optional(Type.Integer({ minimum: 1, maximum: 32 })),
      p: Type.Optional(Type.Integer({ minimum: 1, maximum: 16 })),
      c: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000_000 })),
    }),
    mac: Hex,
  }),
})
type Crypto = Static<typeof Keystore>['crypto']

const deriveScrypt: (
  password: string,
  salt: Buffer,
  length: number,
  options: { N: number; r: number; p: number; maxmem: number },
) => Promise<Buffer> = promisify(scrypt)
const derivePbkdf2 = promisify(pbkdf2)
const bytes = (hex: string): Buffer => Buffer.from(hex.replace(/^0x/, ''), 'hex')

/** The private key (`0x` and 64 hex digits) in keystore `text`; `name` is for messages only. Throws KeystoreError. */
export async function readKeystore(name: string, text: string, password: string): Promise<string> {
  const parsed = parseKeystore(name, text)
  const key = await derive(name, parsed, password)
  const ciphertext = bytes(parsed.ciphertext)
  const mac = Buffer.from(keccak_256(Buffer.concat([key.subarray(16, 32), ciphertext])))
  const expected = bytes(parsed.mac)
  if (expected.length !== mac.length || !timingSafeEqual(mac, expected)) {
    throw new KeystoreError(`${name}: wrong password, or the file is damaged`, { facts: { name } })
  }
  const decipher = createDecipheriv('aes-128-ctr', key.subarray(0, 16), bytes(parsed.cipherparams.iv))
  return `0x${Buffer.concat([decipher.update(ciphertext), decipher.final()]).toString('hex')}`
}

function parseKeystore(name: string, text: string): Crypto {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    throw new KeystoreError(`${name}: not JSON`, { cause: error, facts: { name } })
  }
  // geth's first files spell the member `Crypto`
  const renamed =
    typeof json === 'object' && json !== null && 'Crypto' in json ? { ...json, crypto: json.Crypto } : json
  if (!Check(Keystore, renamed)) {
    throw new KeystoreError(`${name}: not a version 3 keystore with aes-128-ctr`, { facts: { name } })
  }
  return renamed.crypto
}

async function derive(name: string, crypto: Crypto, password: string): Promise<Buffer> {
  const { dklen, salt, n, r, p, c } = crypto.kdfparams
  if (crypto.kdf === 'pbkdf2' && c !== undefined) return derivePbkdf2(password, bytes(salt), c, dklen, 'sha256')
  if (crypto.kdf === 'scrypt' && n !== undefined && r !== undefined && p !== undefined) {
    return deriveScrypt(password, bytes(salt), dklen, { N: n, r, p, maxmem: 128 * n * r * p + 64 * 2 ** 20 })
  }
  throw new KeystoreError(`${name}: the key derivation has missing parameters`, { facts: { name } })
}
