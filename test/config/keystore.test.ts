import test from 'ava'
import { createCipheriv, pbkdf2Sync, scryptSync } from 'node:crypto'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { KeystoreError, readKeystore } from '../../src/keystore.ts'

const KEY = 'ab'.repeat(32)
const salt = Buffer.alloc(32, 7)
const iv = Buffer.alloc(16, 9)

function keystore(kdf: 'scrypt' | 'pbkdf2', password: string, name = 'crypto'): string {
  const derived =
    kdf === 'scrypt'
      ? scryptSync(password, salt, 32, { N: 1024, r: 8, p: 1 })
      : pbkdf2Sync(password, salt, 100, 32, 'sha256')
  const cipher = createCipheriv('aes-128-ctr', derived.subarray(0, 16), iv)
  const ciphertext = Buffer.concat([cipher.update(Buffer.from(KEY, 'hex')), cipher.final()])
  const mac = Buffer.from(keccak_256(Buffer.concat([derived.subarray(16, 32), ciphertext]))).toString('hex')
  const shape = kdf === 'scrypt' ? { n: 1024, r: 8, p: 1 } : { c: 100, prf: 'hmac-sha256' }
  const crypto = {
    cipher: 'aes-128-ctr',
    ciphertext: ciphertext.toString('hex'),
    cipherparams: { iv: iv.toString('hex') },
    kdf,
    kdfparams: { dklen: 32, salt: salt.toString('hex'), ...shape },
    mac,
  }
  return JSON.stringify({ version: 3, id: 'x', [name]: crypto })
}

test('a version 3 keystore opens with its password, scrypt or pbkdf2, old spelling too', async t => {
  t.is(await readKeystore('k', keystore('scrypt', 'pass'), 'pass'), `0x${KEY}`)
  t.is(await readKeystore('k', keystore('pbkdf2', 'pass'), 'pass'), `0x${KEY}`)
  t.is(await readKeystore('k', keystore('scrypt', 'pass', 'Crypto'), 'pass'), `0x${KEY}`)
})

test('a wrong password and a file that is no keystore are refused without the password in the text', async t => {
  const texts = [keystore('scrypt', 'pass'), '{}', 'not json', '{"version":3,"crypto":{}}']
  for (const text of texts) {
    const error = await t.throwsAsync(readKeystore('key.json', text, 'hunter2'), { instanceOf: KeystoreError })
    t.true(error.message.startsWith('key.json'))
    t.false(error.message.includes('hunter2'))
  }
})
