/** Every table that the kernel owns, in the order they are created. */
import type { Schema } from '../orm.ts'
import { SigningAccount } from './account.ts'
import { Block, Cursor } from './block.ts'
import { Decision } from './decision.ts'
import { Attempt, Intent, IntentBlob } from './intent.ts'
import { Audit, Crash, Lease, RoleControl } from './operations.ts'
import { kernelMigrations } from './migrations.ts'

export const kernelSchema: Schema = {
  entities: [Block, Cursor, Decision, Intent, IntentBlob, Attempt, SigningAccount, Audit, Crash, Lease, RoleControl],
  migrations: kernelMigrations,
}
