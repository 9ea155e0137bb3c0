/**
 * Every await between two writes, by name. A test ends the lane at each of them and starts another on the same rows.
 * Nothing is written but by `fenced`, `commitAttempts` and `sendAll` (a test reads the sources for that), and behind each
 * of them is a point.
 */
export const CRASH_POINTS = [
  'lease-taken', // the lane is ours, nothing was looked at
  'rows-written', // any fenced commit: reasons, endings, parkings, fillers, outcomes; time by time another one
  'queue-read', // wishes were read, nothing is signed
  'attempts-signed', // signed in memory only
  'attempts-committed', // nonce and bytes are rows, nothing is sent
  'one-sent', // an endpoint has the first of a group
  'all-sent', // endpoints have them, the rows do not say so
  'sent-marked', // the rows say so
  'evidence-read', // receipts were read, nothing is stored
  'outcomes-committed', // stored, nobody is told
  'roles-told', // told
  'replacement-signed', // a bump or a no-op, in memory only
  'replacement-committed', // it is a row, not sent
] as const
export type CrashPoint = (typeof CRASH_POINTS)[number]
