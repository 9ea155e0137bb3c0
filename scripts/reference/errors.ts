/**
 * The errors reference, read from the sources: every `code = 'XXX_123'` of an error class, and the tables of codes in
 * files named errors.ts. A code in two places is a fault.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

interface Entry {
  readonly code: string
  readonly title: string
  readonly file: string
  readonly severity: string | null
  readonly meaning: string | null
  readonly hint: string | null
}

const ROOMS: Readonly<Record<string, string>> = {
  CFG: 'Configuration and secrets',
  CLI: 'Command line',
  DB: 'Database',
  HTTP: 'HTTP',
  RPC: 'RPC endpoints',
  CHN: 'Chain',
  TX: 'Transactions',
  PRV: 'Provers',
  FRG: 'Forger',
  POOL: 'Transaction pool',
  SUP: 'Supervision',
}

const SEVERITIES: Readonly<Record<string, string>> = {
  transient: 'transient: waited out and tried again; no crash is counted',
  poison: 'poison: this one thing fails with its reason; the rest goes on',
  fatal: 'fatal: stops what it concerns until somebody acts',
}

/** Every error in `src`, sorted by code. Throws when a code is used twice. */
export function collectErrors(root: string): Entry[] {
  const found = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.ts'))
    .toSorted()
    .flatMap(name => entriesOf(join('src', name), readFileSync(join(root, 'src', name), 'utf8')))
    .toSorted((a, b) => a.code.localeCompare(b.code, 'en'))
  const twice = found.filter((entry, index) => found[index - 1]?.code === entry.code)
  if (twice.length > 0)
    throw new Error(twice.map(({ code, file }) => `${code} is used twice (again in ${file})`).join('\n'))
  return found
}

function entriesOf(file: string, text: string): Entry[] {
  const classes = [...text.matchAll(/^ {2}(?:override )?readonly code = '([A-Z]+_\d{3})'/gm)].map(match =>
    classEntry(file, text, match[1] ?? '', match.index),
  )
  if (!file.endsWith('errors.ts')) return classes
  const rows = [...text.matchAll(/^ +'?([^':\n]+)'?: '([A-Z]+_\d{3})',/gm)].map(([, title = '', code = '']) => {
    const { severity, hint } = severityAndHint(text.slice(text.indexOf(code)))
    return { code, title, file, meaning: null, severity, hint }
  })
  return [...classes, ...rows]
}

function classEntry(file: string, text: string, code: string, at: number): Entry {
  const before = text.slice(0, at)
  const start = before.lastIndexOf('class ')
  const title = /class (\w+)/.exec(text.slice(start))?.[1] ?? code
  const end = text.indexOf('\n}', at)
  return {
    code,
    title,
    file,
    meaning: commentAbove(before.slice(0, start)),
    ...severityAndHint(text.slice(start, end)),
  }
}

function severityAndHint(body: string): Pick<Entry, 'severity' | 'hint'> {
  const severity = /severity(?:: Severity)? = '(\w+)'/.exec(body)?.[1] ?? null
  const hint = /hint(?:: string)? =\s+(?:'((?:[^'\\]|\\.)*)'|"([^"]*)"|`([^`]*)`)/.exec(body)
  return { severity, hint: (hint?.[1] ?? hint?.[2] ?? hint?.[3])?.replaceAll(/\\(.)/g, '$1') ?? null }
}

/** The doc comment that ends where the class begins. */
function commentAbove(text: string): string | null {
  const match = /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*(?:export )?(?:abstract )?$/.exec(text)
  const words = match?.[1]
    ?.replaceAll(/^\s*\*? ?/gm, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim()
  return words === undefined || words === '' ? null : words
}

/** The page: one section a code, grouped by the room that owns it. */
export function renderErrors(entries: readonly Entry[]): string {
  const prefixes = [...new Set(entries.map(entry => entry.code.split('_')[0] ?? ''))]
  const rooms = prefixes.map(prefix => {
    const own = entries.filter(entry => entry.code.startsWith(`${prefix}_`))
    return `## ${ROOMS[prefix] ?? prefix}\n\n${own.map(section).join('\n')}`
  })
  return [
    '# Errors',
    'Every error an operator can meet has a code that is never reused. This page is generated from the sources by',
    '`npm run docs`. Exit codes of the command line are in [cli.md](cli.md).',
    '',
    rooms.join('\n'),
  ].join('\n')
}

function section({ code, title, severity, meaning, hint, file }: Entry): string {
  const lines = [`### ${code} ${title}`, '']
  if (meaning !== null) lines.push(meaning, '')
  if (hint !== null) lines.push(`**What to do:** ${hint}`, '')
  const kind =
    severity === null ? 'a bug or a class of its own: see the source. ' : `${SEVERITIES[severity] ?? severity}. `
  lines.push(`${kind}Raised in \`${file}\`.`, '')
  return lines.join('\n')
}
