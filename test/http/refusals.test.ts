import test from 'ava'
import { connect } from 'node:net'
import { Type } from 'typebox'
import { TooSlowError } from '../../src/http/errors.ts'
import { asOperatorError, statusOf } from '../../src/http/problem.ts'
import { asOperator, asViewer, bareRole, node, serve, snapshotOf } from './harness.ts'

test('a wrong method is told apart from a wrong address, with the methods there are', async t => {
  const { app } = await serve()
  const ask = (method: 'DELETE' | 'GET', url: string) => app.inject({ method, url, headers: asOperator })
  const wrong = await ask('DELETE', '/v1/forger/pause')
  t.deepEqual([wrong.statusCode, wrong.json().code, wrong.headers.allow], [405, 'HTTP_011', 'POST'])
  t.is((await ask('DELETE', '/v1/transactions/17')).headers.allow, 'GET, HEAD')
  t.is((await ask('DELETE', '/v1/explain/batch/7?x=1')).statusCode, 405)
  t.is((await ask('GET', '/v1/transactions/17/nothing')).json().code, 'HTTP_003')
  t.is((await app.inject({ method: 'DELETE', url: '/v1/forger/pause' })).statusCode, 401)
})

test('a mistake is one sentence a field: the words there are, the name that is unknown, the type', async t => {
  const role = bareRole({
    routes: () => async app => {
      const body = Type.Object(
        { when: Type.Union([Type.Integer(), Type.Null()]), how: Type.Optional(Type.String({ maxLength: 3 })) },
        { additionalProperties: false },
      )
      app.post('/say', { schema: { body } }, () => 'said')
    },
  })
  const { get, post } = await serve({ roles: [role] })
  const detail = async (answer: ReturnType<typeof get>): Promise<unknown> => (await answer).json().detail
  t.regex(
    String(await detail(get('/v1/transactions?state=snet'))),
    /^querystring\/state must be one of queued, sent, mined, [a-z, ]+$/,
  )
  t.is(await detail(get('/v1/transactions?sate=sent')), 'querystring has no "sate"')
  t.is(await detail(get('/v1/transactions?limit=0')), 'querystring/limit must be >= 1')
  t.is(
    await detail(post('/v1/forger/say', { when: [], how: 'loud' })),
    'body/when must be integer or null; body/how must not have more than 3 characters',
  )
})

test('a NUL character is refused before the database sees it', async t => {
  const { get, post } = await serve()
  const answers = [
    await get('/v1/transactions/%00'),
    await get('/v1/explain/batch/%00'),
    await get('/v1/transactions?role=%00'),
    await post('/v1/forger/pause', { reason: 'a\0b' }),
  ]
  t.deepEqual(
    answers.map(answer => [answer.statusCode, answer.json().code]),
    answers.map(() => [400, 'HTTP_005']),
  )
})

test('what is no HTTP request is answered as a problem, too', async t => {
  const { app } = await serve()
  t.teardown(() => app.close())
  const { port } = new URL(await app.listen({ host: '127.0.0.1', port: 0 }))
  const said = (bytes: string): Promise<string> =>
    new Promise((resolve, reject) => {
      let text = ''
      const socket = connect(Number(port), '127.0.0.1', () => socket.write(bytes))
      socket.setEncoding('utf8').on('data', (part: string) => (text += part))
      socket.on('end', () => resolve(text)).on('error', reject)
    })
  t.regex(await said('GARBAGE\r\n\r\n'), /^HTTP\/1\.1 400 [^]*problem\+json[^]*"code":"HTTP_005"/)
  t.regex(await said(`GET /${'a'.repeat(20_000)} HTTP/1.1\r\n\r\n`), /^HTTP\/1\.1 431 [^]*"status":431/)
})

test('an answer that does not come in time is 503, and says where to look', t => {
  const slow = asOperatorError(
    Object.assign(new Error('timed out'), { code: 'FST_ERR_HANDLER_TIMEOUT', statusCode: 503 }),
  )
  t.true(slow instanceof TooSlowError)
  t.is(statusOf(slow), 503)
})

test('while the database hangs the status does not ask it, and gives the reason', async t => {
  const checks = [{ name: 'database', ok: false, detail: 'no answer within 2000 ms' }]
  const em = { fork: () => t.fail('it was asked') }
  const { get } = await serve({ checks, orm: () => ({ em }) as never }) // nothing else of it is looked at
  t.like((await get('/v1/status')).json(), { stored: null, notStoredBecause: 'no answer within 2000 ms', ready: false })
})

test('an explanation names what is missing', async t => {
  const explain = async (_: unknown, subject: string) => ({
    subject,
    state: 'sent',
    next: '',
    because: null,
    details: {},
  })
  const checks = [
    { name: 'database', ok: true, detail: 'answers' },
    { name: 'chain:local', ok: false, detail: '0 of 1 endpoints in use' },
  ]
  const { app } = await serve({
    roles: [bareRole({ explain })],
    checks,
    snapshot: () => snapshotOf(node('forger', { state: 'parked' })),
  })
  const answer = await app.inject({ url: '/v1/explain/batch/7', headers: asViewer })
  t.deepEqual(answer.json().missing, ['chain:local: 0 of 1 endpoints in use'])
})
