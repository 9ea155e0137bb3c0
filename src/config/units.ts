/**
 * Text with units to numbers and back, once, at the edge: durations to milliseconds, sizes to bytes, amounts to wei.
 * Every parser answers null for text it does not accept.
 */
const MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `"10m"`, `"1h30m"`, `"0.5 s"`, `"250ms"`, `"0"` to milliseconds. */
export function parseDuration(text: string): number | null {
  if (text === '0') return 0
  if (!/^(\d+(\.\d+)? ?(ms|s|m|h|d))+$/.test(text)) return null
  let total = 0
  for (const [, amount = '0', unit = 'ms'] of text.matchAll(/(\d+(?:\.\d+)?) ?(ms|s|m|h|d)/g)) {
    total += Number(amount) * (MS[unit] ?? 0)
  }
  return Number.isSafeInteger(Math.round(total)) ? Math.round(total) : null
}

/** Milliseconds as the shortest text that `parseDuration` reads back: `90000` is `"1m30s"`. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0'
  let left = ms
  let text = ''
  for (const unit of ['d', 'h', 'm', 's', 'ms'] as const) {
    const size = MS[unit] ?? 1
    const whole = Math.floor(left / size)
    if (whole > 0) text += `${whole}${unit}`
    left -= whole * size
  }
  return text === '' ? `${ms}ms` : text
}

const BYTES: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
}

/** `"1 MiB"`, `"500kB"`, `"64 B"` to bytes. */
export function parseSize(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?) ?(B|kB|MB|GB|KiB|MiB|GiB)$/.exec(text)
  if (match === null) return null
  const bytes = Number(match[1]) * (BYTES[match[2] ?? 'B'] ?? 1)
  return Number.isSafeInteger(bytes) ? bytes : null
}

const DECIMALS: Readonly<Record<string, number>> = { wei: 0, gwei: 9, ether: 18 }

/** `"0.5 ether"`, `"20 gwei"`, `"1 wei"`, `"0"` to wei. More decimals than the unit has are refused, never rounded. */
export function parseWei(text: string): bigint | null {
  if (text === '0') return 0n
  const match = /^(\d+)(?:\.(\d+))? ?(wei|gwei|ether)$/.exec(text)
  if (match === null) return null
  const [, whole = '0', fraction = '', unit = 'wei'] = match
  const decimals = DECIMALS[unit] ?? 0
  return fraction.length > decimals ? null : BigInt(whole + fraction.padEnd(decimals, '0'))
}

/** Wei in the largest unit that needs at most four decimals: `20000000000n` is `"20 gwei"`. */
export function formatWei(wei: bigint): string {
  if (wei === 0n) return '0'
  for (const unit of ['ether', 'gwei'] as const) {
    const decimals = DECIMALS[unit] ?? 0
    const digits = wei.toString().padStart(decimals + 1, '0')
    const fraction = digits.slice(-decimals).replace(/0+$/, '')
    const short = fraction.length <= 4
    if (short) return `${digits.slice(0, -decimals)}${fraction === '' ? '' : `.${fraction}`} ${unit}`
  }
  return `${wei} wei`
}

/** `1.5 gwei`, exact: how prices of gas are told. */
export function formatGwei(wei: bigint): string {
  const fraction = (wei % 1_000_000_000n).toString().padStart(9, '0').replace(/0+$/, '')
  return `${wei / 1_000_000_000n}${fraction === '' ? '' : `.${fraction}`} gwei`
}

/** For people, to three digits: `0.000337 ether`, `51.2 gwei`, `7 wei`. */
export function aboutWei(wei: bigint): string {
  const short = (unit: number): string => String(Number((Number(wei) / unit).toPrecision(3)))
  if (wei < 10n ** 6n) return `${wei} wei`
  return wei < 10n ** 14n ? `${short(1e9)} gwei` : `${short(1e18)} ether`
}
