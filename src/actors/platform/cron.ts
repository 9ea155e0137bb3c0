/**
 * The one place that knows node-cron: runs something at the times of a cron expression, in UTC.
 */
import { schedule } from 'node-cron'

/** Calls `run` at every time the expression names; answers how to end it. Throws when the expression is malformed. */
export type Cron = (name: string, expression: string, run: () => void) => () => void

export const nodeCron: Cron = (name, expression, run) => {
  const task = schedule(expression, run, { name, timezone: 'UTC', noOverlap: true })
  return () => void task.destroy()
}
