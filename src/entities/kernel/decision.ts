/**
 * What a policy chose for one subject, and why; waits included. `explain SUBJECT` reads these.
 */
import { defineEntity, p } from '@mikro-orm/core'

const DecisionSchema = defineEntity({
  name: 'Decision',
  tableName: 'decision',
  schema: 'kernel',
  properties: {
    id: p.bigint().primary().autoincrement(),
    role: p.text(),
    /** `batch/118`, `pipeline`, `session/1:17643990`. */
    subject: p.text(),
    /** The infinitive: `forge`, `wait`, `skip`, `stop`. */
    choice: p.text(),
    because: p.text(),
    /** What is missing and when it is expected, for machines. */
    details: p.json<Record<string, unknown>>().nullable(),
    /** First and last time in a row that the same was decided, and how often. */
    decidedAt: p.datetime(),
    repeatedAt: p.datetime(),
    times: p.integer().default(1),
    traceId: p.text().nullable(),
  },
  indexes: [{ name: 'decision_subject', properties: ['role', 'subject', 'id'] }],
})
/** A stored decision; repeating the same one in a row updates the row instead of adding another. */
export class Decision extends DecisionSchema.class {}
DecisionSchema.setClass(Decision)
