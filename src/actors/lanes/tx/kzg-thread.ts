/** The thread that proves blobs with the native KZG package, which is loaded here and only here. */
import { parentPort } from 'node:worker_threads'
import type { DasContextJs } from '@crate-crypto/node-eth-kzg'
import { bytesToHex, hexToBytes, type Hex } from 'viem'
import { messageOf } from '../../../errors.ts'
import type { KzgAnswer, KzgQuestion } from './kzg.ts'
import type { Sidecar } from './sidecar.ts'

let context: DasContextJs | null = null

async function open(): Promise<DasContextJs> {
  const module = await import('@crate-crypto/node-eth-kzg').catch((cause: unknown) => {
    throw new Error('the optional package @crate-crypto/node-eth-kzg is not there for this platform', { cause })
  })
  return module.DasContextJs.create({ usePrecomp: false })
}

async function prove({ proofsOf, blobs }: KzgQuestion): Promise<Sidecar> {
  const kzg = (context ??= await open())
  const bytes = blobs.map(blob => hexToBytes(blob))
  const commitments = bytes.map(blob => kzg.blobToKzgCommitment(blob))
  const proofs = bytes.flatMap((blob, at): Uint8Array[] => {
    if (proofsOf === 'cell') return kzg.computeCellsAndKzgProofs(blob).proofs
    const commitment = commitments[at]
    return commitment ? [kzg.computeBlobKzgProof(blob, commitment)] : []
  })
  const hex = (list: readonly Uint8Array[]): Hex[] => list.map(item => bytesToHex(item))
  return { proofsOf, blobs: [...blobs], commitments: hex(commitments), proofs: hex(proofs) }
}

parentPort?.on('message', (question: KzgQuestion) => {
  const { ticket } = question
  void prove(question)
    .then((sidecar): KzgAnswer => ({ ticket, sidecar }))
    .catch((error: unknown): KzgAnswer => ({ ticket, failed: messageOf(error) }))
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- no window here
    .then(answer => parentPort?.postMessage(answer))
})
