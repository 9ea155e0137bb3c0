/**
 * How the text of a field with `x-unit` becomes its value. A reader answers the value, or null when the text is refused.
 */
import { keccak_256 } from '@noble/hashes/sha3.js'
import { utf8ToBytes } from '@noble/hashes/utils.js'
import { parseCron } from './cron.ts'
import { parseDuration, parseSize, parseWei } from './units.ts'

export interface Reader {
  /** Completes "expected …". */
  readonly expected: string
  /** For the published JSON Schema; weaker than `read` where a pattern cannot say it all. */
  readonly pattern?: string
  readonly read: (text: string) => unknown
}

export type Unit = 'cron' | 'duration' | 'size' | 'wei' | 'address' | 'secret' | 'url' | 'path'

const asIs = (text: string): string => text

/** `secret`, `url` and `path` depend on their surroundings: the decoder handles them, these entries only describe. */
export const UNITS: Readonly<Record<Unit, Reader>> = {
  cron: {
    expected: 'a cron expression such as "*/10 * * * *" (minute, hour, day of month, month, day of week; UTC)',
    pattern: '^\\S+( \\S+){4,5}$',
    read: parseCron,
  },
  duration: {
    expected: 'a duration such as "10m", "1h30m" or "500ms"',
    pattern: '^(0|(\\d+(\\.\\d+)? ?(ms|s|m|h|d))+)$',
    read: parseDuration,
  },
  size: {
    expected: 'a size such as "1 MiB" or "500 kB"',
    pattern: '^\\d+(\\.\\d+)? ?(B|kB|MB|GB|KiB|MiB|GiB)$',
    read: parseSize,
  },
  wei: {
    expected: 'an amount such as "0.5 ether", "20 gwei" or "0"',
    pattern: '^(0|\\d+(\\.\\d+)? ?(wei|gwei|ether))$',
    read: parseWei,
  },
  address: {
    expected: 'an address, 0x and 40 hex digits, with a right checksum when in mixed case',
    pattern: '^0x[0-9a-fA-F]{40}$',
    read: readAddress,
  },
  secret: {
    expected: 'a reference: "env:NAME", "file:PATH" or "keystore:PATH"',
    read: asIs,
  },
  url: { expected: 'a URL, or "env:NAME" or "file:PATH" that holds one', read: asIs },
  path: { expected: 'a path', read: asIs },
}

function readAddress(text: string): string | null {
  if (!/^0x[0-9a-fA-F]{40}$/.test(text)) return null
  const digits = text.slice(2)
  const mixed = digits !== digits.toLowerCase() && digits !== digits.toUpperCase()
  return mixed && text !== checksummed(digits) ? null : text
}

/** EIP-55: a letter is upper case where the hash of the lower-case digits has a nibble of 8 or more. */
function checksummed(digits: string): string {
  const hash = Buffer.from(keccak_256(utf8ToBytes(digits.toLowerCase()))).toString('hex')
  const cased = digits
    .toLowerCase()
    .replace(/[a-f]/g, (letter, index: number) =>
      Number.parseInt(hash[index] ?? '0', 16) >= 8 ? letter.toUpperCase() : letter,
    )
  return `0x${cased}`
}
