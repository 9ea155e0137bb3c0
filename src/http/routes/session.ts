/**
 * The way in for a browser. `/` shows the status page to whoever may read, else a form for a token. `/?token=TOKEN` (the
 * printed link) turns the token into a session cookie and drops it from the address bar. The session only reads.
 */
import type { FastifyPluginAsync, FastifyReply } from 'fastify'
import type { Gate } from '../access.ts'
import type { HttpDeps } from '../ports.ts'
import { pageFile } from './page.ts'

const FORM = 'application/x-www-form-urlencoded'
const MESSAGE = '<!--message-->'
const REFUSED = '<p class="refused" role="alert">That token is not one of this daemon.</p>'

export const session =
  (deps: HttpDeps, gate: Gate): FastifyPluginAsync =>
  async app => {
    const [home, login] = await Promise.all([pageFile('index.html'), pageFile('login.html')])
    const open = { schema: { hide: true }, config: { access: 'open' as const } }
    app.addContentTypeParser(FORM, { parseAs: 'string', bodyLimit: 4096 }, (_request, body, done) =>
      done(null, new URLSearchParams(String(body))),
    )

    const enter = (token: string, reply: FastifyReply): FastifyReply => {
      const holder = gate.holder(token)
      if (holder === null) {
        deps.log.warn('a wrong token was shown to the status page', { origin: reply.request.ip })
        return reply.code(401).type('text/html; charset=utf-8').send(login.replace(MESSAGE, REFUSED))
      }
      gate.openSession(reply)
      return reply.redirect('/', 303)
    }

    app.get('/', open, (request, reply) => {
      const { token } = request.query as { token?: unknown }
      if (typeof token === 'string') return enter(token, reply)
      const text = request.caller === null ? login : home
      return reply
        .code(request.caller === null ? 401 : 200)
        .type('text/html; charset=utf-8')
        .send(text)
    })

    app.post('/login', open, (request, reply) => {
      const fields = request.body instanceof URLSearchParams ? request.body : new URLSearchParams()
      return enter(fields.get('token')?.trim() ?? '', reply)
    })

    app.post('/logout', open, (_request, reply) => {
      gate.closeSession(reply)
      return reply.redirect('/', 303)
    })
  }
