/**
 * Text for people: aligned tables, aligned key and value, relative times.
 */

/** Rows under a header line, columns as wide as their widest cell, two spaces apart. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [header, ...rows]
  const widths = header.map((_, column) => Math.max(...all.map(row => width(row[column] ?? ''))))
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => pad(cell, widths[column] ?? 0))
      .join('  ')
      .trimEnd()
  return all.map(line).join('\n')
}

/** One line an entry, keys padded. */
export function pairs(entries: readonly (readonly [string, string])[]): string {
  const longest = Math.max(0, ...entries.map(([key]) => width(key)))
  return entries.map(([key, value]) => `${pad(key, longest)}  ${value}`.trimEnd()).join('\n')
}

const STEPS = [
  [86_400, 'd'],
  [3600, 'h'],
  [60, 'm'],
  [1, 's'],
] as const

/** `3m ago`, `in 12s`, `now`; the text itself when it is no date. */
export function relativeTime(iso: string, now: number): string {
  const at = Date.parse(iso)
  if (Number.isNaN(at)) return iso
  const seconds = Math.round((now - at) / 1000)
  const distance = Math.abs(seconds)
  const [size, unit] = STEPS.find(([step]) => distance >= step) ?? [1, 's']
  if (distance === 0) return 'now'
  const amount = `${Math.floor(distance / size)}${unit}`
  return seconds > 0 ? `${amount} ago` : `in ${amount}`
}

const width = (text: string): number => Array.from(text).length
const pad = (text: string, columns: number): string => text + ' '.repeat(Math.max(0, columns - width(text)))
