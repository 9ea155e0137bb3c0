/**
 * Whether a text is a cron expression: five fields (minute, hour, day of month, month, day of week) or six with seconds
 * first, each a list of `*`, numbers, ranges and steps; months and days of the week also by their English names. A day that
 * never comes (30 February) is none: the scheduler would refuse it.
 */
import { validate } from 'node-cron'

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']

interface FieldRange {
  readonly least: number
  readonly most: number
  readonly names: readonly string[]
}

const range = (least: number, most: number, names: readonly string[] = []): FieldRange => ({ least, most, names })
const FIELDS = [range(0, 59), range(0, 59), range(0, 23), range(1, 31), range(1, 12, MONTHS), range(0, 7, DAYS)]

/** The expression with single spaces, or null when it is none. */
export function parseCron(text: string): string | null {
  const parts = text.trim().split(/\s+/)
  const fields = parts.length === FIELDS.length ? FIELDS : FIELDS.slice(1)
  if (parts.length !== fields.length) return null
  const fits = parts.every((part, at) => part.split(',').every(item => fitsField(item.toLowerCase(), fields[at])))
  const expression = parts.join(' ')
  return fits && validate(expression) ? expression : null
}

function fitsField(item: string, field: FieldRange | undefined): boolean {
  const [span = '', step, ...rest] = item.split('/')
  if (field === undefined || rest.length > 0) return false
  if (step !== undefined && !/^[1-9]\d?$/.test(step)) return false
  if (span === '*') return true
  const ends = span.split('-').map(end => valueOf(end, field))
  const [from = null, to = from] = ends
  return ends.length <= 2 && from !== null && to !== null && from <= to
}

/** The number an end of a range stands for; null when it is none of the field's. */
function valueOf(end: string, { least, most, names }: FieldRange): number | null {
  const named = names.indexOf(end)
  if (named >= 0) return named + least
  const value = /^\d{1,2}$/.test(end) ? Number(end) : Number.NaN
  return value >= least && value <= most ? value : null
}
