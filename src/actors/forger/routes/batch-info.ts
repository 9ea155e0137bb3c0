/**
 * The JSON dump of a batch with the field names of its predecessor's BatchInfo (reference 7.1 to 7.3), from the rows. Pure.
 *
 * Big integers are decimal strings, so that no reader loses digits; times are RFC 3339; errors carry their message.
 */
import type { Batch, ProverJob } from '../../../entities/forger/batch.ts'
import type { ForgedBatch } from '../../../entities/forger/chain-facts.ts'
import type { Attempt, Intent } from '../../../entities/kernel/intent.ts'
import { decimal, time } from './schemas.ts'

/** What a batch may hold in `contents`; whatever else is there is left out of the dump. */
interface Contents {
  readonly L1UserTxs?: unknown
  readonly L1CoordTxs?: unknown
  readonly L1CoordinatorTxsAuths?: unknown
  readonly L2Txs?: unknown
  readonly CoordIdxs?: unknown
}

/** The rows around a batch; `batch.contents` (and `batch.proverInput` for the inputs) must be loaded. */
export interface BatchRows {
  readonly batch: Batch
  /** Oldest first. */
  readonly jobs: readonly ProverJob[]
  readonly intent: Intent | null
  /** Oldest first. */
  readonly attempts: readonly Attempt[]
  readonly forged: ForgedBatch | null
  /** Where each prover is, by its name; what is not known is shown by name only. */
  readonly proverUrls?: ReadonlyMap<string, string>
}

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }
export type BatchInfo = Readonly<Record<string, Json>>

/** `inputs` adds ZKInputs, which is large; it is null anyway once the batch is settled. */
export function batchInfo(rows: BatchRows, { inputs }: { readonly inputs: boolean }): BatchInfo {
  const { batch, jobs, intent, attempts } = rows
  const contents = (batch.contents ?? {}) as Contents // written by the builder; every field is optional here
  const job = jobs.at(-1)
  return {
    PipelineNum: batch.epoch,
    BatchNum: batch.num,
    ServerProof: job ? { Name: job.prover, URL: rows.proverUrls?.get(job.prover) ?? null } : null,
    ProofStart: time(job?.postedAt ?? batch.postedAt),
    ZKInputs: inputs && batch.proverInput ? (JSON.parse(batch.proverInput) as Json) : null,
    Proof: (batch.proof as Json | null | undefined) ?? null,
    PublicInputs: [batch.publicInput.toString()],
    L1Batch: batch.l1Queue != null,
    VerifierIdx: batch.verifierIdx,
    L1UserTxs: list(contents.L1UserTxs),
    L1CoordTxs: list(contents.L1CoordTxs),
    L1CoordinatorTxsAuths: list(contents.L1CoordinatorTxsAuths),
    L2Txs: list(contents.L2Txs),
    CoordIdxs: list(contents.CoordIdxs),
    ForgeBatchArgs: forgeBatchArgs(batch),
    EthTxs: attempts.map(ethTx),
    EthTxsErrs: attempts.filter(attempt => attempt.error).map(attempt => attempt.error ?? ''),
    SendTimestamp: time(attempts.at(-1)?.broadcastAt ?? batch.sentAt),
    Receipt: receipt(rows),
    Fail: batch.state === 'failed' || batch.state === 'discarded',
    State: batch.state,
    Because: batch.because ?? intent?.because ?? null,
    Intent: intent ? { Key: intent.key, State: intent.state, Nonce: intent.nonce ?? null } : null,
    ProverJobs: jobs.map(shownJob),
    Debug: debug(rows),
  }
}

/** What forgeBatch was or will be called with; the proof in the contract's order (reference 3.9). */
function forgeBatchArgs(batch: Batch): Json {
  const { proof } = batch
  return {
    NewLastIdx: batch.newLastIdx.toString(),
    NewStRoot: batch.newRoot.toString(),
    NewExitRoot: batch.newExitRoot.toString(),
    EncodedL1CoordinatorTx: batch.encodedL1CoordinatorTx,
    L1L2TxsData: batch.l1L2TxsData,
    FeeIdxCoordinator: batch.feeIdxCoordinator,
    VerifierIdx: batch.verifierIdx,
    L1Batch: batch.l1Queue != null,
    ProofA: proof ? [proof.pi_a[0], proof.pi_a[1]] : null,
    ProofB: proof
      ? [
          [proof.pi_b[0][1], proof.pi_b[0][0]],
          [proof.pi_b[1][1], proof.pi_b[1][0]],
        ]
      : null,
    ProofC: proof ? [proof.pi_c[0], proof.pi_c[1]] : null,
  }
}

const hex = (value: bigint | number): string => `0x${value.toString(16)}`

/** An attempt in the form of Ethereum's JSON-RPC. Signed bytes are not part of it. */
const ethTx = (attempt: Attempt): Json => ({
  hash: attempt.hash,
  nonce: hex(attempt.nonce),
  gas: hex(attempt.gasLimit),
  maxFeePerGas: hex(attempt.maxFeePerGas),
  maxPriorityFeePerGas: hex(attempt.maxPriorityFeePerGas),
  purpose: attempt.purpose,
  state: attempt.state,
  signedAt: time(attempt.signedAt),
  broadcastAt: time(attempt.broadcastAt),
})

/** The receipt as far as it is known here. */
function receipt({ attempts, intent, forged }: BatchRows): Json {
  const mined = attempts.find(attempt => attempt.succeeded != null)
  if (!mined) return null
  return {
    transactionHash: mined.hash,
    blockNumber: mined.minedBlock == null ? null : hex(mined.minedBlock),
    blockHash: mined.minedBlockHash ?? null,
    gasUsed: gas(intent?.gasUsed ?? forged?.gasUsed),
    status: mined.succeeded === true ? '0x1' : '0x0',
  }
}

const gas = (value: bigint | null | undefined): string | null => (value == null ? null : hex(value))

const shownJob = (job: ProverJob): Json => ({
  Prover: job.prover,
  Attempt: job.attempt,
  State: job.state,
  Error: job.error ?? null,
  PostedAt: time(job.postedAt),
  EndedAt: time(job.endedAt),
})

const STATUS: Readonly<Record<string, string>> = {
  built: 'forged',
  proving: 'forged',
  proven: 'proof',
  sent: 'sent',
  mined: 'mined',
  final: 'confirmed',
  failed: 'failed',
  superseded: 'discarded',
  discarded: 'discarded',
}

function debug({ batch, attempts }: BatchRows): Json {
  const sends = attempts.filter(attempt => attempt.broadcastAt)
  return {
    StartTimestamp: time(batch.createdAt),
    SendTimestamp: time(batch.sentAt),
    Status: STATUS[batch.state] ?? batch.state,
    StartBlockNum: batch.startBlock.toString(),
    SendBlockNum: decimal(batch.sendBlock),
    MineBlockNum: decimal(batch.mineBlock),
    ResendNum: Math.max(0, sends.length - 1),
    StartToMineBlocksDelay: batch.mineBlock == null ? null : Number(batch.mineBlock - batch.startBlock),
    StartToSendDelay: seconds(batch.createdAt, batch.sentAt),
    StartToMineDelay: seconds(batch.createdAt, batch.minedAt),
    SendToMineDelay: seconds(batch.sentAt, batch.minedAt),
  }
}

const list = (value: unknown): Json => (Array.isArray(value) ? (value as Json[]) : [])
const seconds = (from: Date | null | undefined, to: Date | null | undefined): number | null =>
  from && to ? (to.getTime() - from.getTime()) / 1000 : null
