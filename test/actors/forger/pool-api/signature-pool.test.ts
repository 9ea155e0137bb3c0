import test from 'ava'
import {
  authorisationDigest,
  signAuthorisation,
  type AuthorisationSignature,
} from '../../../../src/actors/forger/rollup/authorisation.ts'
import { signL2 } from '../../../../src/actors/forger/rollup/l2-signature.ts'
import type { Hex } from '../../../../src/actors/forger/rollup/types.ts'
import type { SignatureJob } from '../../../../src/actors/forger/pool-api/signature-jobs.ts'
import { startSignatureChecks } from '../../../../src/actors/forger/pool-api/signature-pool.ts'
import { CHAIN_ID, l2Tx, ROLLUP, wallet } from './wallet.ts'

const alice = wallet(1)

const job = (nonce: number, signature?: Hex): SignatureJob => {
  const tx = l2Tx({ nonce })
  const signed = { ...tx, signature: signature ?? signL2(tx, CHAIN_ID, alice.seed) }
  return { do: 'transaction', tx: signed, key: alice.key, chainId: CHAIN_ID }
}

test('many checks over two threads are each answered with their own result', async t => {
  const checks = startSignatureChecks(2)
  const jobs = Array.from({ length: 40 }, (_, nonce) =>
    nonce % 3 === 0 ? job(nonce, `0x${'ab'.repeat(64)}`) : job(nonce),
  )
  const answers = await Promise.all(jobs.map(checks.check))
  t.deepEqual(
    answers,
    jobs.map((_, nonce) => nonce % 3 !== 0),
  )
  await checks.stop()
})

test('an authorisation is good for the address that signed it only', async t => {
  const checks = startSignatureChecks(1)
  const digest = authorisationDigest(alice.bjj, CHAIN_ID, ROLLUP)
  const signature = signAuthorisation(digest, alice.privateKey)
  const of = (ethAddr: Hex, signed: AuthorisationSignature) =>
    checks.check({ do: 'authorisation', digest, signature: signed, ethAddr })
  t.true(await of(alice.ethAddr, signature))
  t.false(await of(wallet(2).ethAddr, signature))
  t.false(await of(alice.ethAddr, { ...signature, v: 99 }))
  t.false(await of(alice.ethAddr, { ...signature, r: `0x${'ff'.repeat(32)}` }))
  await checks.stop()
})

test('numbers outside their range are an invalid signature, not a dead thread', async t => {
  const checks = startSignatureChecks(1)
  const good = job(0)
  if (good.do !== 'transaction') return t.fail()
  t.false(await checks.check({ ...good, tx: { ...good.tx, amount: 2n ** 200n + 1n } }))
  t.true(await checks.check(good))
  await checks.stop()
})

test('checks under way when the threads are stopped are rejected as transient, later ones too', async t => {
  const checks = startSignatureChecks(1)
  const waiting = Array.from({ length: 20 }, (_, nonce) => checks.check(job(nonce)))
  const settled = Promise.allSettled(waiting)
  await checks.stop()
  const outcomes = await settled
  t.true(outcomes.some(({ status }) => status === 'rejected'))
  const error = await t.throwsAsync(checks.check(job(0)))
  t.like(error, { code: 'POOL_101', severity: 'transient' })
})

test('stopping before the first check is no trouble', async t => {
  await t.notThrowsAsync(startSignatureChecks(2).stop())
})
