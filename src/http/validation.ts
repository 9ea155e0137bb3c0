/**
 * What is wrong with a request, in words that say what to send instead: the validator tells every branch of a schema
 * that did not fit, people want one sentence a field.
 */
import type { FastifySchemaValidationError } from 'fastify/types/schema.js'

/** One sentence for each place, for example `querystring/state must be one of queued, sent`. */
export function mistakesIn(errors: readonly FastifySchemaValidationError[], part: string): string {
  const telling = errors.filter(({ keyword }) => keyword !== 'anyOf' && keyword !== 'boolean')
  const places = Map.groupBy(telling, ({ instancePath }) => instancePath)
  const sentences = [...places].map(([place, found]) => `${part}${place} ${sentence(found)}`)
  return sentences.length === 0 ? `${part} does not fit its schema` : sentences.join('; ')
}

function sentence(found: readonly FastifySchemaValidationError[]): string {
  const of = (keyword: string, parameter: string): string[] =>
    found.filter(error => error.keyword === keyword).flatMap(({ params }) => [params[parameter]].flat().map(String))
  const words = of('const', 'allowedValue')
  const types = of('type', 'type')
  const unknown = of('additionalProperties', 'additionalProperties')
  const told = new Set(['const', 'type', 'additionalProperties'])
  const rest = found.filter(({ keyword }) => !told.has(keyword)).map(({ message }) => message ?? 'is not accepted')
  return [
    ...(words.length > 0 ? [`must be one of ${words.join(', ')}`] : []),
    ...(types.length > 0 ? [`must be ${types.join(' or ')}`] : []),
    ...(unknown.length > 0 ? [`has no ${unknown.map(name => `"${name}"`).join(', ')}`] : []),
    ...rest,
  ].join(', ')
}

/** True when a text anywhere inside has a NUL character, which no text of the database can hold. */
export function holdsNul(value: unknown): boolean {
  const open: unknown[] = [value]
  while (open.length > 0) {
    const next = open.pop()
    if (typeof next === 'string' && next.includes('\0')) return true
    if (typeof next === 'object' && next !== null) open.push(...Object.entries<unknown>({ ...next }).flat())
  }
  return false
}
