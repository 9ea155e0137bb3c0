import { createServer } from 'node:net'
import test from 'ava'
import type { Context } from '../../src/actors/kit/actor.ts'
import { httpActor, type HttpMessage } from '../../src/http/http-actor.ts'
import { silentLog } from '../../src/log.ts'
import { bareRole, serve } from './harness.ts'

/** A context as far as starting uses it, and what closes what was opened. */
function context(): { ctx: Context<HttpMessage>; close: () => Promise<void> } {
  const owned: (() => unknown)[] = []
  const ctx = { log: silentLog, own: close => void owned.push(close) } as Context<HttpMessage>
  return { ctx, close: async () => void (await Promise.all(owned.map(end => end()))) }
}

test('it listens while it lives, tells where, and ends the requests in progress before it is gone', async t => {
  let answer: (value: object) => void = () => {}
  let arrived: () => void = () => {}
  const inProgress = new Promise<void>(resolve => (arrived = resolve))
  const role = bareRole({
    publicRoutes: () => async app => {
      app.get('/slow', { config: { access: 'open' } }, () => {
        arrived()
        return new Promise<object>(resolve => (answer = resolve))
      })
    },
  })
  let url = ''
  const build = async () => (await serve({ roles: [role] })).app
  const args = { build, host: '127.0.0.1', port: 0, onListening: (at: string) => (url = at) }
  const { ctx, close } = context()
  await httpActor.start(args, ctx)
  t.regex(url, /^http:\/\/127\.0\.0\.1:\d+$/)
  t.is((await fetch(`${url}/livez`)).status, 200)
  const slow = fetch(`${url}/v1/slow`)
  await inProgress
  const stopped = close()
  answer({ done: true })
  t.deepEqual(await (await slow).json(), { done: true })
  await stopped
  await t.throwsAsync(fetch(`${url}/livez`))
})

test('a port that is taken is a fatal error that names it', async t => {
  const taken = createServer()
  await new Promise<void>(resolve => taken.listen(0, '127.0.0.1', resolve))
  const address = taken.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const build = async () => (await serve()).app
  const { ctx, close } = context()
  const error = await t.throwsAsync(async () =>
    httpActor.start({ build, host: '127.0.0.1', port, onListening: () => {} }, ctx),
  )
  await close()
  t.like(error, { code: 'HTTP_010', severity: 'fatal', facts: { host: '127.0.0.1', port, because: 'EADDRINUSE' } })
  taken.close()
})
