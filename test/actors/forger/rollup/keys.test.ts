/**
 * BabyJubJub keys and signatures, against values of the reference implementation.
 */
import test from 'ava'
import {
  bjjFromEthKey,
  compressKey,
  expandKey,
  pointOf,
  seedFromEthKey,
} from '../../../../src/actors/forger/rollup/bjj.ts'
import { hexOf } from '../../../../src/actors/forger/rollup/bytes.ts'
import {
  packSignature,
  signMessage,
  unpackSignature,
  verifyMessage,
} from '../../../../src/actors/forger/rollup/eddsa.ts'
import { FIELD, SUBGROUP } from '../../../../src/actors/forger/rollup/field.ts'

const ETH_KEY = '0x74b38fb45b44f59df73832df5dd94cdab1b3f97d3e3e3b4227019a1b39cf79fa'

test('a wallet key gives the seed, scalar and point of the reference', t => {
  const secret = bjjFromEthKey(ETH_KEY)
  t.is(hexOf(seedFromEthKey(ETH_KEY)), '0x706fe93e2317f4a4fb0610619a6f90f11815bdb1a524c900e8755fa5c5158ab4')
  t.is(secret.scalar >> 3n, 6117561371022037987764086545740548716249021746193633511516095659079084452050n)
  t.deepEqual(secret.point, {
    x: 21231140412545715227199280085705589250488818070125039064247421750445566365813n,
    y: 14209125777883327295574339908977927792276805730761065192156413836973884651462n,
  })
  t.is(compressKey(secret.publicKey), '0x9f6a14874fe9bc8805839d19ddca511cce1b3162fc6ed13a14252f7a014137c6')
})

test('a key is the same after being written and read', t => {
  const { publicKey, point } = bjjFromEthKey(ETH_KEY)
  t.deepEqual(expandKey(compressKey(publicKey)), publicKey)
  t.deepEqual(pointOf(publicKey), point)
  t.deepEqual(pointOf({ ...publicKey, sign: 0 }), { x: FIELD - point.x, y: point.y })
})

test('a y without point gives none', t => {
  t.is(pointOf({ ay: 2n, sign: 0 }) === null || pointOf({ ay: 3n, sign: 0 }) === null, true)
  t.is(pointOf({ ay: FIELD, sign: 0 }), null)
  t.is(pointOf({ ay: 1n, sign: 1 }), null)
})

test('a signature holds for its message and key only', t => {
  const secret = bjjFromEthKey(ETH_KEY)
  const other = bjjFromEthKey(`0x${'11'.repeat(32)}`)
  const signature = signMessage(123456789n, secret)
  t.true(verifyMessage(123456789n, signature, secret.publicKey))
  t.false(verifyMessage(123456788n, signature, secret.publicKey))
  t.false(verifyMessage(123456789n, signature, other.publicKey))
  t.false(verifyMessage(123456789n, { ...signature, s: signature.s + 1n }, secret.publicKey))
  t.false(verifyMessage(123456789n, { ...signature, r8: other.point }, secret.publicKey))
})

test('a signature with a second form of S is not accepted', t => {
  const secret = bjjFromEthKey(ETH_KEY)
  const signature = signMessage(5n, secret)
  t.false(verifyMessage(5n, { ...signature, s: signature.s + SUBGROUP }, secret.publicKey))
})

test('signing is deterministic and a packed signature can be unpacked', t => {
  const secret = bjjFromEthKey(ETH_KEY)
  const packed = packSignature(signMessage(77n, secret))
  t.is(packed, packSignature(signMessage(77n, secret)))
  t.deepEqual(unpackSignature(packed), signMessage(77n, secret))
  t.is(unpackSignature('0x1234'), null)
})
