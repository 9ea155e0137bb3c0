/**
 * The daemon at a glance, for people: is it ready, what is missing, which roles run and why not, how far the chains are
 * read, what is on its way.
 */
import { isRecord } from './render.ts'
import { relativeTime, table } from './table.ts'

type Fields = Readonly<Record<string, unknown>>

/** The answer of `/v1/status` in words; null when it is none. */
export function drawStatus(answer: unknown, now: number): string | null {
  if (!isRecord(answer) || !Array.isArray(answer['checks']) || !Array.isArray(answer['roles'])) return null
  const stored = isRecord(answer['stored']) ? answer['stored'] : null
  const failing = records(answer['checks']).filter(({ ok }) => ok !== true)
  const paragraphs = [
    headline(answer, failing, now),
    failing.map(({ name, detail }) => `  ${text(name)}: ${text(detail)}`).join('\n'),
    roles(records(answer['roles']), records(stored?.['controls'])),
    stored === null ? `stored: not known, ${text(answer['notStoredBecause'])}` : chains(records(stored['chains']), now),
    stored === null ? '' : transactions(stored['transactions']),
  ]
  return paragraphs.filter(paragraph => paragraph !== '').join('\n\n')
}

function headline({ version, startedAt }: Fields, failing: readonly Fields[], now: number): string {
  const state = failing.length === 0 ? 'ready' : `not ready: ${failing.map(({ name }) => text(name)).join(', ')}`
  return `forgekeeper ${text(version)}, started ${relativeTime(text(startedAt), now)}, ${state}`
}

function roles(running: readonly Fields[], controls: readonly Fields[]): string {
  const rows = running.map(({ name, state, because, summary }) => {
    const control = controls.find(({ role, paused }) => role === name && paused === true)
    if (control === undefined) return [text(name), text(state), typeof because === 'string' ? because : text(summary)]
    const reason = typeof control['reason'] === 'string' ? `: ${control['reason']}` : ''
    return [text(name), 'paused', `by ${text(control['by'])}${reason}`]
  })
  return table(['role', 'state', 'why'], rows)
}

function chains(known: readonly Fields[], now: number): string {
  if (known.length === 0) return 'no block has been read yet'
  const rows = known.map(({ name, head, updatedAt, sources }) => {
    const behind = records(sources).filter(source => source['behind'] !== '0')
    const late = behind.map(source => `${text(source['name'])} is ${text(source['behind'])} behind`)
    return [text(name), text(head), relativeTime(text(updatedAt), now), late.join(', ') || 'in step']
  })
  return table(['chain', 'head', 'read', 'facts'], rows)
}

function transactions(counts: unknown): string {
  const words = isRecord(counts) ? Object.entries(counts).map(([state, count]) => `${text(count)} ${state}`) : []
  return `transactions on their way: ${words.length === 0 ? 'none' : words.join(', ')}`
}

const records = (value: unknown): readonly Fields[] => (Array.isArray(value) ? value.filter(isRecord) : [])
const text = (value: unknown): string => (typeof value === 'string' || typeof value === 'number' ? String(value) : '-')
