/**
 * Text from the environment or a flag to the raw value a file would have: numbers, booleans and lists. What does not
 * fit stays text, so that the decoder can say what was expected.
 */
import type { SchemaView } from './schema.ts'

/** Lists are comma-separated, or JSON when they start with a bracket. */
export function fromText(schema: SchemaView | null, text: string): unknown {
  const trimmed = text.trim()
  const type = schema?.type ?? 'string'
  if (type === 'integer' || type === 'number') return /^-?\d+(\.\d+)?$/.test(trimmed) ? Number(trimmed) : text
  if (type === 'boolean') return BOOLEANS.get(trimmed.toLowerCase()) ?? text
  if (type === 'array') return trimmed.startsWith('[') ? json(trimmed) : items(schema?.items ?? null, trimmed)
  return type === 'object' ? json(trimmed) : text
}

const BOOLEANS = new Map([
  ['true', true],
  ['1', true],
  ['yes', true],
  ['false', false],
  ['0', false],
  ['no', false],
])

function items(schema: SchemaView | null, text: string): unknown[] {
  if (text === '') return []
  return text.split(',').map(item => fromText(schema, item.trim()))
}

function json(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
