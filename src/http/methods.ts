/**
 * Which methods each address has. Tells a wrong method (405, with `Allow`) from a wrong address (404).
 */
import type { FastifyInstance } from 'fastify'

/** Must be called before the routes are registered. Answers the methods of a path, none when there is no such address. */
export function methodsByPath(app: FastifyInstance): (path: string) => readonly string[] {
  const known = new Map<string, { readonly matches: RegExp; readonly methods: Set<string> }>()
  app.addHook('onRoute', ({ url, method }) => {
    const entry = known.get(url) ?? { matches: pattern(url), methods: new Set<string>() }
    for (const one of [method].flat()) entry.methods.add(one)
    known.set(url, entry)
  })
  return path => {
    const found = [...known.values()].filter(({ matches }) => matches.test(path))
    return [...new Set(found.flatMap(({ methods }) => [...methods]))].toSorted()
  }
}

/** `/v1/batches/:num` and `/v1/explain/*` as expressions. */
const pattern = (url: string): RegExp =>
  new RegExp(
    `^${url
      .replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&')
      .replaceAll(/:[^/]+/g, '[^/]+')
      .replaceAll('*', '.+')}/?$`,
  )
