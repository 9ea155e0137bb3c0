/** Every table the forger remembers in. */
import type { Schema } from '../orm.ts'
import { Account, Batch, Epoch, FoldedState, ProverJob } from './batch.ts'
import { ForgedBatch, HeadView, L1Tx, Token } from './chain-facts.ts'
import { AccountCreationAuth, PoolTx } from './pool-tx.ts'
import { forgerMigrations } from './migrations.ts'

export const forgerSchema: Schema = {
  entities: [
    L1Tx,
    Token,
    ForgedBatch,
    HeadView,
    PoolTx,
    AccountCreationAuth,
    Account,
    FoldedState,
    Epoch,
    Batch,
    ProverJob,
  ],
  migrations: forgerMigrations,
}
