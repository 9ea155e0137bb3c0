/**
 * The files of the status page: plain HTML, CSS and JavaScript, no build step, nothing from elsewhere. They hold no data,
 * so style, script and icon are open; the page itself is handed out in session.ts. A role brings its own part.
 */
import { readFile } from 'node:fs/promises'
import type { FastifyPluginAsync } from 'fastify'
import type { Role } from '../../role.ts'
import type { HttpDeps } from '../ports.ts'

const FOLDER = new URL('../page/', import.meta.url)

const SCRIPT = 'text/javascript; charset=utf-8'
const FILES: readonly { readonly name: string; readonly type: string }[] = [
  { name: 'page.css', type: 'text/css; charset=utf-8' },
  { name: 'page.js', type: SCRIPT },
  { name: 'dom.js', type: SCRIPT },
  { name: 'cards.js', type: SCRIPT },
  { name: 'transactions.js', type: SCRIPT },
  { name: 'tree.js', type: SCRIPT },
  { name: 'icon.svg', type: 'image/svg+xml' },
]

/** The text of one of the page's files. */
export const pageFile = (name: string): Promise<string> => readFile(new URL(name, FOLDER), 'utf8')

/** Where the page finds a role's own part; null when it has none. */
export const partPath = ({ name, page: script }: Role): string | null => (script ? `/ui/roles/${name}.js` : null)

export const page =
  ({ roles }: HttpDeps): FastifyPluginAsync =>
  async app => {
    const serve = (path: string, type: string, text: string): void => {
      app.get(path, { schema: { hide: true }, config: { access: 'open' } }, (_request, reply) =>
        reply.type(type).header('cache-control', 'no-cache').send(text),
      )
    }
    for (const { name, type } of FILES) serve(`/ui/${name}`, type, await pageFile(name))
    for (const { role } of roles) {
      const path = partPath(role)
      if (path !== null && role.page) serve(path, SCRIPT, await readFile(role.page, 'utf8'))
    }
  }
