/**
 * Conformance of transaction encodings, ids, signatures and account-creation authorisations.
 */
import {
  authorisationDigest,
  authorisationSigner,
  ethAddressOfKey,
  joinSignature,
  signAuthorisation,
} from '../../../src/actors/forger/rollup/authorisation.ts'
import { bjjFromEthKey, compressKey, seedFromEthKey } from '../../../src/actors/forger/rollup/bjj.ts'
import { bytesOf, hexOf, toHex } from '../../../src/actors/forger/rollup/bytes.ts'
import { signMessage } from '../../../src/actors/forger/rollup/eddsa.ts'
import { l1Availability, l2Availability } from '../../../src/actors/forger/rollup/encoding.ts'
import { decodeFloat40, exactFloat40 } from '../../../src/actors/forger/rollup/float40.ts'
import {
  asL1UserTx,
  decodeL1CoordinatorTx,
  decodeL1UserTx,
  encodeL1CoordinatorTx,
  encodeL1UserTx,
  l1CoordinatorTxId,
  l1UserTxId,
} from '../../../src/actors/forger/rollup/l1-codec.ts'
import {
  availability,
  element1,
  hashToSign,
  l2TxId,
  txCompressedData,
  txCompressedDataV2,
} from '../../../src/actors/forger/rollup/l2-codec.ts'
import { signL2, verifyL2Signature } from '../../../src/actors/forger/rollup/l2-signature.ts'
import type { AvailabilityTx } from '../../../src/actors/forger/rollup/encoding.ts'
import type { L1CoordinatorCodecCase, L1UserCodecCase, L2CodecCase } from './case-types.ts'
import { oracleAddress } from './oracle-address.ts'
import { type Content, difference, l1CoordinatorTxOf, l1UserTxOf, l2TxOf, type Result, result } from './cases.ts'

export function* txCodec({ name, data }: Content<'tx-codec'>): Generator<Result> {
  for (const [at, item] of (data.l2Txs ?? []).entries()) yield result(`${name} l2Txs ${at}`, () => l2(item))
  for (const [at, item] of (data.l1UserTxs ?? []).entries()) yield result(`${name} l1UserTxs ${at}`, () => l1User(item))
  for (const [at, item] of (data.l1CoordinatorTxs ?? []).entries()) {
    yield result(`${name} l1CoordinatorTxs ${at}`, () => l1Coordinator(item))
  }
}

function l2(item: L2CodecCase): string | null {
  const chainId = Number(item.chainID)
  const tx = l2TxOf(item)
  const secret = bjjFromEthKey(item.signerPrivateKey)
  const message = hashToSign(tx, chainId)
  const { s, r8 } = signMessage(message, secret)
  const signature = signL2(tx, chainId, seedFromEthKey(item.signerPrivateKey))
  const actual = {
    txCompressedData: txCompressedData(chainId, tx),
    txCompressedDataV2: txCompressedDataV2(tx),
    element1: element1(tx),
    hashToSign: message,
    s,
    r8x: r8.x,
    r8y: r8.y,
    signature,
    txId: l2TxId(tx),
    dataAvailability: availabilities(item, l2Availability(tx, Number(item.auxToIdx))),
  }
  const signed = { ...tx, signature }
  const forged = { ...signed, amount: tx.amount === 0n ? 1n : 0n }
  const { toBjjAy: ay, toBjjSign: sign } = tx
  const given = {
    amountF: exactFloat40(tx.amount),
    toBjjCompressed: ay === 0n && sign === 0 ? toHex(0, 32) : compressKey({ ay, sign }),
  }
  return (
    difference(actual, item.expected) ??
    difference(given, { amountF: item.amountF, toBjjCompressed: item.toBjjCompressed }) ??
    linked(item) ??
    (verifyL2Signature(signed, secret.publicKey, chainId) ? null : 'the signature is not accepted') ??
    (verifyL2Signature(forged, secret.publicKey, chainId) ? 'a signature of something else is accepted' : null)
  )
}

function linked(item: L2CodecCase): string | null {
  if (!item.rqTx) return null
  return difference(
    { data: txCompressedDataV2(l2TxOf(item.rqTx)), address: item.rqTx.toEthAddr, key: item.rqTx.toBjjAy },
    { data: item.rqTxCompressedDataV2, address: item.rqToEthAddr, key: item.rqToBjjAy },
  )
}

const availabilities = (item: L2CodecCase | L1UserCodecCase, tx: AvailabilityTx): Record<string, string> =>
  Object.fromEntries(
    Object.keys(item.expected.dataAvailability).map(levels => [levels, hexOf(availability(Number(levels), tx))]),
  )

function l1User(item: L1UserCodecCase): string | null {
  const tx = l1UserTxOf(item)
  const effective = exactFloat40(BigInt(item.effectiveAmount))
  const actual = {
    encoded: hexOf(encodeL1UserTx(tx)),
    txCompressedData: txCompressedData(Number(item.chainID), { ...tx, nonce: 0, userFee: 0, toBjjSign: 0 }),
    txId: l1UserTxId(Number(item.toForgeL1TxsNum), item.position),
    dataAvailability: availabilities(item, l1Availability(tx, Number(effective))),
  }
  const given = { loadAmount: decodeFloat40(tx.loadAmountF), amount: decodeFloat40(tx.amountF) }
  return (
    difference(actual, item.expected) ??
    difference(given, { loadAmount: item.loadAmount, amount: item.amount }) ??
    difference(decodeL1UserTx(bytesOf(item.expected.encoded)), { ...tx })
  )
}

function l1Coordinator(item: L1CoordinatorCodecCase): string | null {
  const { expected } = item
  const chainId = Number(item.chainID)
  const digest = authorisationDigest(item.fromBjjCompressed, chainId, item.rollupContract)
  const signature = item.bjjOnly
    ? { v: 0, r: toHex(0, 32), s: toHex(0, 32) }
    : signAuthorisation(digest, item.signerPrivateKey)
  const tx = l1CoordinatorTxOf({ ...item, ...signature })
  const actual = {
    eip712Digest: item.bjjOnly ? null : digest,
    signature: joinSignature(signature),
    ...signature,
    encoded: hexOf(encodeL1CoordinatorTx(tx)),
    encodedFull: hexOf(encodeL1UserTx(asL1UserTx(tx))),
    dataAvailability32: hexOf(availability(32, l1Availability(asL1UserTx(tx), 0))),
    txId: l1CoordinatorTxId(Number(item.batchNum), item.position),
  }
  const decoded = decodeL1CoordinatorTx(bytesOf(expected.encoded), parts =>
    authorisationSigner(digest, parts) === ethAddressOfKey(item.signerPrivateKey)
      ? oracleAddress(item.signerPrivateKey)
      : '0x',
  )
  return difference(actual, expected) ?? difference(decoded, { ...tx })
}
