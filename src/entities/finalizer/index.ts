/** Every table that the finalizer owns, in the order they are created. */
import type { Schema } from '../orm.ts'
import { finalizerMigrations } from './migrations.ts'
import { Closing, Session, Submission, WarehouseCursor } from './session.ts'

export const finalizerSchema: Schema = {
  entities: [Session, Closing, Submission, WarehouseCursor],
  migrations: finalizerMigrations,
}
