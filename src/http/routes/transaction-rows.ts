/** The shapes of transactions and accounts as they are answered; the values come from the views of the entities. */
import { Type } from 'typebox'
import { INTENT_STATES, PARKED_FOR } from '../../entities/kernel/intent.ts'
import { Decimal, Nullable, Time } from '../schemas.ts'

const AttemptRow = Type.Object({
  hash: Type.String(),
  purpose: Type.String({ description: '`effect`, or `cancel`: a no-op that takes the nonce back.' }),
  nonce: Type.Integer(),
  state: Type.String(),
  maxFeePerGas: Decimal,
  maxPriorityFeePerGas: Decimal,
  maxFeePerBlobGas: Nullable(Decimal),
  gasLimit: Decimal,
  error: Nullable(Type.String({ description: 'What the node last said when it refused the bytes.' })),
  signedAt: Time,
  broadcastAt: Nullable(Time),
  minedBlock: Nullable(Decimal),
  succeeded: Nullable(Type.Boolean()),
  raw: Type.Optional(Type.String({ description: 'The signed bytes; only of one transaction, once broadcast.' })),
})

const Simulation = Type.Object({
  outcome: Type.String({ description: '`runs`, `reverts`, or `unknown` when it could not be tried.' }),
  gas: Nullable(Decimal),
  maxCostWei: Nullable(Decimal),
  reason: Nullable(Type.String({ description: 'Why it reverts, or could not be tried.' })),
  block: Decimal,
  at: Time,
})

export const State = Type.Union(INTENT_STATES.map(state => Type.Literal(state)))
export const ParkedForWord = Type.Union(PARKED_FOR.map(word => Type.Literal(word)))

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
  blobs: Type.Integer({ description: 'How many blobs it carries.' }),
  state: Type.String(),
  because: Nullable(Type.String()),
  parkedFor: Nullable(Type.String({ description: 'What a parked one waits for: approval, budget, dry-run, person.' })),
  simulation: Nullable(Simulation),
  nonce: Nullable(Type.Integer()),
  confirmations: Type.Integer(),
  finality: Nullable(Type.String({ description: 'The tag it asked for besides: safe, finalized.' })),
  gasLimit: Nullable(Decimal),
  maxFeePerGas: Nullable(Decimal),
  notAfterBlock: Nullable(Decimal),
  minedHash: Nullable(Type.String()),
  minedBlock: Nullable(Decimal),
  gasUsed: Nullable(Decimal),
  reservedWei: Nullable(Decimal),
  spentWei: Nullable(Decimal),
  approvedBy: Nullable(Type.String()),
  createdAt: Time,
  updatedAt: Time,
  settledAt: Nullable(Time),
  acknowledgedAt: Nullable(Time),
  traceId: Nullable(Type.String()),
  attempts: Type.Array(AttemptRow),
})

export const AccountRow = Type.Object({
  name: Type.String(),
  chain: Type.String(),
  address: Type.String(),
  signer: Type.String({ description: 'Where its key is: privateKey, remote, kms.' }),
  balanceWei: Nullable(Decimal),
  runwayHours: Nullable(Type.Number({ description: 'How long the balance lasts at the pace of the last day.' })),
  spentPerHourWei: Nullable(Decimal),
  spentTodayWei: Decimal,
  dailyBudgetWei: Nullable(Decimal),
  nonce: Nullable(Type.Integer({ description: 'Transactions of the account in the latest block.' })),
  nextNonce: Nullable(Type.Integer()),
  queued: Type.Integer(),
  inFlight: Type.Integer(),
  settling: Type.Integer({ description: 'Mined and not deep enough.' }),
  parked: Type.Integer(),
  holder: Nullable(Type.String({ description: 'The daemon that sends for it.' })),
  holderAlive: Type.Boolean(),
  because: Nullable(Type.String({ description: 'Why the oldest one that waits does so.' })),
  lookedAt: Nullable(Time),
})
