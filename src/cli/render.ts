/**
 * JSON answers of the daemon as text for people, without knowing each of them: lists of records become tables, records
 * become key and value, dates become relative.
 */
import { pairs, relativeTime, table } from './table.ts'

type Record_ = Readonly<Record<string, unknown>>

export const isRecord = (value: unknown): value is Record_ =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const DATE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/

/** One value in a cell. */
export function cell(value: unknown, now: number): string {
  if (value === null || value === undefined) return '-'
  if (typeof value === 'string') return shorten(DATE.test(value) ? relativeTime(value, now) : value)
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return String(value)
  if (Array.isArray(value))
    return value.every(isPlain) ? value.map(item => cell(item, now)).join(', ') : `${value.length}`
  return shorten(JSON.stringify(value))
}

/** The list in an answer: the answer itself, or the only list in it (`{ batches: [...], next }`); null for none. */
export function listIn(answer: unknown): readonly unknown[] | null {
  if (Array.isArray(answer)) return answer
  if (!isRecord(answer)) return null
  const lists = Object.values(answer).filter(value => Array.isArray(value))
  return lists.length === 1 ? (lists[0] ?? null) : null
}

/** A page of a list as a table, with the way to the next page; any other answer as it comes. */
export function renderPage(answer: unknown, preferred: readonly string[], now: number): string {
  const rows = listIn(answer)
  if (rows === null) return renderAny(answer, now)
  const next = isRecord(answer) && typeof answer['next'] === 'string' ? answer['next'] : null
  const drawn = renderList(rows, preferred, now)
  return next === null ? drawn : `${drawn}\n\nmore: --before ${next}`
}

/** Records as a table: `preferred` columns first where any row has them, then up to `most` columns of plain values. */
export function renderList(rows: readonly unknown[], preferred: readonly string[], now: number, most = 8): string {
  const records = rows.filter(isRecord)
  if (records.length === 0) return rows.length === 0 ? 'none' : rows.map(row => cell(row, now)).join('\n')
  const keys = new Set(records.flatMap(record => Object.keys(record).filter(key => isShown(record[key]))))
  const wanted = preferred.filter(key => keys.has(key))
  const columns = wanted.length > 0 ? wanted : [...keys].slice(0, most)
  return table(
    columns.map(heading),
    records.map(record => columns.map(column => cell(record[column], now))),
  )
}

/** A record as key and value; records and lists in it follow as paragraphs of their own. */
export function renderRecord(record: Record_, now: number): string {
  const plain = Object.entries(record).filter(([, value]) => isShown(value))
  const nested = Object.entries(record).filter(([, value]) => !isShown(value))
  const parts = plain.length === 0 ? [] : [pairs(plain.map(([key, value]) => [heading(key), cell(value, now)]))]
  for (const [key, value] of nested) parts.push(`${heading(key)}\n${indent(renderAny(value, now))}`)
  return parts.join('\n\n')
}

/** Whatever it is, as text. */
export function renderAny(value: unknown, now: number): string {
  if (Array.isArray(value)) return renderList(value, [], now)
  return isRecord(value) ? renderRecord(value, now) : cell(value, now)
}

const isPlain = (value: unknown): boolean => typeof value !== 'object' || value === null
const isShown = (value: unknown): boolean => isPlain(value) || (Array.isArray(value) && value.every(isPlain))
/** `startedAt` as `started at`. */
const heading = (key: string): string =>
  key.replace(/([a-z0-9])([A-Z])/g, (_, a: string, b: string) => `${a} ${b.toLowerCase()}`)
const shorten = (text: string): string => (text.length > 100 ? `${text.slice(0, 97)}…` : text)
const indent = (text: string): string => text.replaceAll(/^(?=.)/gm, '  ')
