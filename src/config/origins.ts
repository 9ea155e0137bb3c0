/**
 * Which source set which key. Paths are dotted (`chains.main.rpc.0`); a path without an entry of its own has the origin
 * of the nearest one above it.
 */
export type Origin =
  | { readonly source: 'default' }
  | { readonly source: 'base' }
  | { readonly source: 'file'; readonly file: string; readonly line: number | null }
  | { readonly source: 'env'; readonly name: string }
  | { readonly source: 'flag'; readonly flag: string }

/** The origin as people read it: `config.toml:12`, `env FORGEKEEPER_HTTP_PORT`, `flag --set`, `default`. */
export function showOrigin(origin: Origin): string {
  switch (origin.source) {
    case 'default':
      return 'default'
    case 'base':
      return 'demo'
    case 'file':
      return origin.line === null ? origin.file : `${origin.file}:${origin.line}`
    case 'env':
      return `env ${origin.name}`
    case 'flag':
      return `flag ${origin.flag}`
  }
}

/** Raw values of all sources laid over each other, and where each came from. */
export class Layers {
  readonly values: Record<string, unknown> = {}
  readonly #origins = new Map<string, Origin>()

  /** Sets one key, replacing what lower sources had there. Tables on the way are made. */
  set(path: readonly string[], value: unknown, origin: Origin): void {
    let table: Record<string, unknown> = this.values
    for (const key of path.slice(0, -1)) {
      const inner = table[key]
      table = isTable(inner) ? inner : (table[key] = {})
    }
    table[path.at(-1) ?? ''] = value
    const dotted = path.join('.')
    for (const known of this.#origins.keys()) if (known.startsWith(`${dotted}.`)) this.#origins.delete(known)
    this.#origins.set(dotted, origin)
  }

  /** Notes where a path came from without changing its value. */
  note(path: string, origin: Origin): void {
    this.#origins.set(path, origin)
  }

  originOf(path: string): Origin {
    for (let at = path; at !== ''; at = at.slice(0, Math.max(0, at.lastIndexOf('.')))) {
      const origin = this.#origins.get(at)
      if (origin !== undefined) return origin
    }
    return { source: 'default' }
  }
}

/** A TOML table or JSON object, as opposed to a list, a date or a plain value. */
export const isTable = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
