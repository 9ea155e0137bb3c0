/**
 * What the daemon keeps about itself: crashes, changes made by people, pauses, and who may write for an account.
 */
import { defineEntity, p } from '@mikro-orm/core'

const CrashSchema = defineEntity({
  name: 'Crash',
  tableName: 'crash',
  schema: 'kernel',
  properties: {
    id: p.bigint().primary().autoincrement(),
    actor: p.text(),
    kind: p.text(),
    at: p.datetime(),
    reason: p.text(),
    code: p.text().nullable(),
    stack: p.text().nullable(),
    message: p.text().nullable(),
    incarnation: p.integer(),
    sincePreviousMs: p.bigint().nullable(),
  },
  indexes: [{ name: 'crash_actor', properties: ['actor', 'at'] }],
})
/** One crash of one incarnation. */
export class Crash extends CrashSchema.class {}
CrashSchema.setClass(Crash)

const AuditSchema = defineEntity({
  name: 'Audit',
  tableName: 'audit',
  schema: 'kernel',
  properties: {
    id: p.bigint().primary().autoincrement(),
    at: p.datetime(),
    /** The name of the token that was used: `operator`, `viewer`. */
    token: p.text(),
    /** From where: the remote address, or `cli`. */
    origin: p.text(),
    verb: p.text(),
    subject: p.text(),
    reason: p.text().nullable(),
    before: p.json<unknown>().nullable(),
    after: p.json<unknown>().nullable(),
  },
})
/** A change somebody made through HTTP. */
export class Audit extends AuditSchema.class {}
AuditSchema.setClass(Audit)

const RoleControlSchema = defineEntity({
  name: 'RoleControl',
  tableName: 'role_control',
  schema: 'kernel',
  properties: {
    role: p.text().primary(),
    paused: p.boolean().default(false),
    by: p.text().nullable(),
    reason: p.text().nullable(),
    changedAt: p.datetime().nullable(),
  },
})
/** Whether a person has paused a role; survives restarts. */
export class RoleControl extends RoleControlSchema.class {}
RoleControlSchema.setClass(RoleControl)

const LeaseSchema = defineEntity({
  name: 'Lease',
  tableName: 'lease',
  schema: 'kernel',
  properties: {
    name: p.text().primary(),
    holder: p.text(),
    /** Grows with every new holder; a write that carries an older fence is refused. */
    fence: p.bigint(),
    expiresAt: p.datetime(),
  },
})
/** The right to be the one writer of a lane. */
export class Lease extends LeaseSchema.class {}
LeaseSchema.setClass(Lease)
