/**
 * The files of the status page: plain HTML, CSS and JavaScript, no build step, nothing from elsewhere. They hold no data,
 * so style, script and icon are open; the page itself is handed out in session.ts.
 */
import { readFile } from 'node:fs/promises'
import type { FastifyPluginAsync } from 'fastify'

const FOLDER = new URL('../page/', import.meta.url)

const SCRIPT = 'text/javascript; charset=utf-8'
const FILES: readonly { readonly name: string; readonly type: string }[] = [
  { name: 'page.css', type: 'text/css; charset=utf-8' },
  { name: 'page.js', type: SCRIPT },
  { name: 'dom.js', type: SCRIPT },
  { name: 'cards.js', type: SCRIPT },
  { name: 'work.js', type: SCRIPT },
  { name: 'tree.js', type: SCRIPT },
  { name: 'icon.svg', type: 'image/svg+xml' },
]

/** The text of one of the page's files. */
export const pageFile = (name: string): Promise<string> => readFile(new URL(name, FOLDER), 'utf8')

export const page = (): FastifyPluginAsync => async app => {
  for (const { name, type } of FILES) {
    const text = await pageFile(name)
    app.get(`/ui/${name}`, { schema: { hide: true }, config: { access: 'open' } }, (_request, reply) =>
      reply.type(type).header('cache-control', 'no-cache').send(text),
    )
  }
}
