/**
 * Transactions in numbers and bytes, against values of the reference implementation; floats and fees.
 */
import test from 'ava'
import fc from 'fast-check'
import {
  authorisationDigest,
  authorisationSigner,
  joinSignature,
  signAuthorisation,
  splitSignature,
} from '../../../../src/actors/forger/rollup/authorisation.ts'
import { bjjFromEthKey, expandKey, seedFromEthKey } from '../../../../src/actors/forger/rollup/bjj.ts'
import { bytesOf, hexOf } from '../../../../src/actors/forger/rollup/bytes.ts'
import { decodeTxsData, encodeTxsData, l2Availability } from '../../../../src/actors/forger/rollup/encoding.ts'
import { MalformedEncoding, RefusedTransaction } from '../../../../src/actors/forger/rollup/errors.ts'
import { feeOf, requireFee } from '../../../../src/actors/forger/rollup/fees.ts'
import {
  decodeFloat40,
  encodeFloat40,
  exactFloat40,
  floorFloat40,
  roundFloat40,
} from '../../../../src/actors/forger/rollup/float40.ts'
import {
  decodeL1CoordinatorTx,
  decodeL1UserTx,
  encodeL1CoordinatorTx,
  encodeL1UserTx,
  l1CoordinatorTxId,
  l1UserTxId,
} from '../../../../src/actors/forger/rollup/l1-codec.ts'
import {
  element1,
  hashToSign,
  l2TxId,
  txCompressedData,
  txCompressedDataV2,
} from '../../../../src/actors/forger/rollup/l2-codec.ts'
import { signL2, verifyL2Signature } from '../../../../src/actors/forger/rollup/l2-signature.ts'
import { ANY_ETH_ADDR, type Hex } from '../../../../src/actors/forger/rollup/types.ts'
import { transfer } from './support.ts'

const SIGNER: Hex = '0x6ca4eb62996dca6f505d6d23cffcb04536ec7b9ae3ded952e76e29bb1a878f48'

const toKey = transfer({
  fromIdx: 287,
  toIdx: 0,
  tokenId: 153,
  amount: 155074537800000000n,
  nonce: 1,
  userFee: 191,
  toEthAddr: ANY_ETH_ADDR,
  toBjjAy: 15001149299221174948133052942868139671994685853674817173112112880695725183786n,
  toBjjSign: 1,
})

test('a transfer packs, hashes and signs as the reference does', t => {
  t.is(txCompressedData(1337, toKey), 47074594375845158234944074506669705828575959503265224890246568338959n)
  t.is(txCompressedDataV2(toKey), 183885134280645149355250311326118154229711601692806721558399680799n)
  t.is(element1(toKey), 374181866273418923981845873786867794915161393322640048914431n)
  t.is(hashToSign(toKey, 1337), 18350319213969850564023316662836346210928241259390870036347846637313382790721n)
  t.is(l2TxId(toKey), '0x0219f48f78f64c9ecd2d174eb963a6f41129e9c6d566dfa7d734e0f7fd67917c23')
  t.is(encodeTxsData(32, [l2Availability(toKey, 24035)]), '0x0000011f00005de33b9c50f754bf')
  t.is(encodeTxsData(48, [l2Availability(toKey, 24035)]), '0x00000000011f000000005de33b9c50f754bf')
  const signature = signL2(toKey, 1337, seedFromEthKey(SIGNER))
  t.is(
    signature,
    '0xd7afbbaf901db217beb552930a661b5f1f6456a02e3527f0ca6b20353848f10fe1fcbd3dc3605804b799bd6fd9180e8ad57de5adcffc833895ad31f053476c01',
  )
  const { publicKey } = bjjFromEthKey(SIGNER)
  t.true(verifyL2Signature({ ...toKey, signature }, publicKey, 1337))
  t.false(verifyL2Signature({ ...toKey, signature }, publicKey, 1338))
  t.false(verifyL2Signature({ ...toKey, signature: '0x' }, publicKey, 1337))
})

test('data of transactions can be read back, and odd lengths are malformed', t => {
  const txs = [l2Availability(toKey, 24035), l2Availability(transfer(), 0)]
  t.deepEqual(decodeTxsData(32, encodeTxsData(32, txs)), txs)
  t.throws(() => decodeTxsData(32, '0x00'), { instanceOf: MalformedEncoding })
})

test('an L1 transaction has the 78 bytes of the contract', t => {
  const tx = {
    fromEthAddr: '0x1a7bf0e3c0aafe1cac143843c271bf29833732d9',
    fromBjjCompressed: '0x0e8915a515cca4ad8e19174140ba8abecc6abc79e42f860e670659ac24cd290f',
    fromIdx: 0,
    loadAmountF: 10,
    amountF: 0,
    tokenId: 1,
    toIdx: 0,
  } as const
  const encoded = hexOf(encodeL1UserTx(tx))
  t.is(
    encoded,
    '0x1a7bf0e3c0aafe1cac143843c271bf29833732d90e8915a515cca4ad8e19174140ba8abecc6abc79e42f860e670659ac24cd290f000000000000000000000a000000000000000001000000000000',
  )
  t.deepEqual(decodeL1UserTx(bytesOf(encoded)), tx)
  t.throws(() => decodeL1UserTx(bytesOf('0x1234')), { instanceOf: MalformedEncoding })
  t.is(l1UserTxId(1513, 89), '0x002f523a1413574a7b35e82fb9b545c17741beeb5ebeaabf884385d6bb321f7b7f')
})

test('an authorisation is the EIP-712 signature of the reference, and the address comes back from it', t => {
  const key = '0x0e8915a515cca4ad8e19174140ba8abecc6abc79e42f860e670659ac24cd290f'
  const owner = '0x1a7bf0e3c0aafe1cac143843c271bf29833732d9'
  const digest = authorisationDigest(key, 31337, '0x9f8a3aa7f72983bcf1940f6f5367dcc20372111a')
  t.is(digest, '0x99d5adcb71733826553a5f91bb5d5397aa85887ced96ffb03f78a4a6295b7a1a')
  const signature = signAuthorisation(digest, '0xef138daef6834aa02f46fe7bb33371ed96da24464f6d597383ad8214e87d8932')
  t.is(
    joinSignature(signature),
    '0xf0845add2a02e1c6b2fa56cf6a0aaa86e8b9553bfbca5ae77e70c9d78b3d07741b3f730bea32591d3c338f865bfce184cee2616a6caf80e089dbd0e044f2ae791b',
  )
  t.deepEqual(splitSignature(joinSignature(signature)), signature)
  t.is(authorisationSigner(digest, signature), owner)
  t.is(authorisationSigner(digest, { ...signature, v: 29 }), null)
  t.is(authorisationSigner(digest, { ...signature, r: `0x${'f'.repeat(64)}` }), null)
  const tx = { fromEthAddr: owner, fromBjjCompressed: key, tokenId: 11496, ...signature } as const
  const encoded = encodeL1CoordinatorTx(tx)
  t.is(encoded.length, 101)
  t.deepEqual(
    decodeL1CoordinatorTx(encoded, parts => authorisationSigner(digest, parts) ?? '0x'),
    tx,
  )
  t.is(l1CoordinatorTxId(11882610, 7), '0x014457ce92776f702ab7c5cfbb0841eacde64db42711af79c61621fa05361d9398')
  t.deepEqual(expandKey(key).sign, 0)
})

test('a float keeps 35 bits exactly or says why not', t => {
  t.is(exactFloat40(34359738367n), 34359738367)
  t.is(exactFloat40(34359738369n), 'not enough precision')
  t.is(exactFloat40(10n ** 42n), 'number too big')
  t.is(exactFloat40(343597383600n), 68719476728)
  t.is(floorFloat40(343597383690n), 72155450572)
  t.is(decodeFloat40(Number(roundFloat40(343597383690n))), 343597383700n)
  t.throws(() => encodeFloat40(34359738369n), { instanceOf: RefusedTransaction, message: 'amount not encodable' })
})

test('every float stands for an amount that has a float again', t => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 40 - 1 }), float => {
      const amount = decodeFloat40(float)
      return decodeFloat40(encodeFloat40(amount)) === amount
    }),
  )
  t.pass()
})

test('fees follow their selector and never exceed 128 bits', t => {
  t.is(feeOf(2539096n, 133), 328579n)
  t.is(feeOf(5474860928000000n, 203), 11212515180544000000n)
  t.is(feeOf(10n, 0), 0n)
  t.is(feeOf(36893488147419103231n, 255), 340282366920938463454151235394913435648n)
  t.is(feeOf(36893488147419103232n, 255), null)
  t.is(feeOf(2n ** 128n - 1n, 192), 2n ** 128n - 1n)
  t.throws(() => requireFee(36893488147419103232n, 255), { message: 'fee overflow' })
})
