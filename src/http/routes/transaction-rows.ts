/** An intent and its attempts as they are answered. */
import { Type } from 'typebox'
import type { Attempt, Intent } from '../../entities/kernel/intent.ts'
import { Decimal, Nullable, Time } from '../schemas.ts'

const AttemptRow = Type.Object({
  hash: Type.String(),
  purpose: Type.String({ description: '`effect`, or `cancel`: a no-op that takes the nonce back.' }),
  nonce: Type.Integer(),
  state: Type.String(),
  maxFeePerGas: Decimal,
  maxPriorityFeePerGas: Decimal,
  gasLimit: Decimal,
  error: Nullable(Type.String({ description: 'What the node last said when it refused the bytes.' })),
  signedAt: Time,
  broadcastAt: Nullable(Time),
  minedBlock: Nullable(Decimal),
  succeeded: Nullable(Type.Boolean()),
  raw: Type.Optional(Type.String({ description: 'The signed bytes; only of one transaction, once broadcast.' })),
})

export const IntentRow = Type.Object({
  id: Type.String(),
  key: Type.String(),
  role: Type.String(),
  subject: Type.String(),
  chain: Type.String(),
  account: Type.String(),
  to: Type.String(),
  value: Decimal,
  dataBytes: Type.Integer(),
  data: Type.Optional(Type.String()),
  state: Type.String(),
  because: Nullable(Type.String()),
  nonce: Nullable(Type.Integer()),
  confirmations: Type.Integer(),
  notAfterBlock: Nullable(Decimal),
  minedHash: Nullable(Type.String()),
  minedBlock: Nullable(Decimal),
  gasUsed: Nullable(Decimal),
  createdAt: Time,
  updatedAt: Time,
  settledAt: Nullable(Time),
  attempts: Type.Array(AttemptRow),
})

const decimal = (value: bigint | null | undefined): string | null => (value == null ? null : value.toString())
const time = (value: Date | null | undefined): string | null => value?.toISOString() ?? null

/** `attempts` may hold those of other intents; `whole` adds the calldata and the broadcast bytes. */
export function shownIntent(
  intent: Intent,
  attempts: readonly Attempt[],
  whole: boolean,
): Type.Static<typeof IntentRow> {
  return {
    id: String(intent.id),
    key: intent.key,
    role: intent.role,
    subject: intent.subject,
    chain: intent.chain,
    account: intent.account,
    to: intent.to,
    value: intent.value.toString(),
    dataBytes: Math.max(0, intent.data.length / 2 - 1),
    ...(whole ? { data: intent.data } : {}),
    state: intent.state,
    because: intent.because ?? null,
    nonce: intent.nonce ?? null,
    confirmations: intent.confirmations,
    notAfterBlock: decimal(intent.notAfterBlock),
    minedHash: intent.minedHash ?? null,
    minedBlock: decimal(intent.minedBlock),
    gasUsed: decimal(intent.gasUsed),
    createdAt: intent.createdAt.toISOString(),
    updatedAt: intent.updatedAt.toISOString(),
    settledAt: time(intent.settledAt),
    attempts: attempts.filter(of => of.intent.id === intent.id).map(attempt => shownAttempt(attempt, whole)),
  }
}

function shownAttempt(attempt: Attempt, whole: boolean): Type.Static<typeof AttemptRow> {
  return {
    hash: attempt.hash,
    purpose: attempt.purpose,
    nonce: attempt.nonce,
    state: attempt.state,
    maxFeePerGas: attempt.maxFeePerGas.toString(),
    maxPriorityFeePerGas: attempt.maxPriorityFeePerGas.toString(),
    gasLimit: attempt.gasLimit.toString(),
    error: attempt.error ?? null,
    signedAt: attempt.signedAt.toISOString(),
    broadcastAt: time(attempt.broadcastAt),
    minedBlock: decimal(attempt.minedBlock),
    succeeded: attempt.succeeded ?? null,
    ...(whole && attempt.broadcastAt ? { raw: attempt.raw } : {}),
  }
}
