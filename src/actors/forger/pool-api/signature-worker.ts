/** The thread that checks signatures, so that the event loop never waits for the curve. Whatever cannot be read is invalid. */
import { parentPort } from 'node:worker_threads'
import { authorisationSigner } from '../rollup/authorisation.ts'
import { verifyL2Signature } from '../rollup/l2-signature.ts'
import type { SignatureAnswer, SignatureJob, SignatureQuestion } from './signature-jobs.ts'

function check(job: SignatureJob): boolean {
  if (job.do === 'transaction') return verifyL2Signature(job.tx, job.key, job.chainId)
  return authorisationSigner(job.digest, job.signature) === job.ethAddr
}

function checked(job: SignatureJob): boolean {
  try {
    return check(job)
  } catch {
    return false // numbers outside their range: nobody signed that
  }
}

parentPort?.on('message', ({ ticket, job }: SignatureQuestion) => {
  const answer: SignatureAnswer = { ticket, valid: checked(job) }
  parentPort?.postMessage(answer) // oxlint-disable-line unicorn/require-post-message-target-origin -- no window here
})
