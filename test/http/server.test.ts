import test from 'ava'
import type { LightMyRequestResponse } from 'fastify'
import { kernelSchema } from '../../src/entities/kernel/index.ts'
import { openOrm } from '../../src/entities/orm.ts'
import { OperatorError } from '../../src/errors.ts'
import { asViewer, bareRole, node, serve, snapshotOf } from './harness.ts'

class BrokenThingError extends OperatorError {
  readonly code = 'FRG_999'
  readonly severity = 'poison'
  readonly hint = 'Mend it.'
}

test('livez is open and tells the version', async t => {
  const { get } = await serve()
  t.deepEqual((await get('/livez', {})).json(), { ok: true, version: '0.0.0-test' })
})

test('readyz is open, names what fails, and keeps the details for those with a token', async t => {
  const checks = [
    { name: 'database', ok: false, detail: 'postgres://db.internal does not answer' },
    { name: 'chain:local', ok: true, detail: 'head 12' },
  ]
  const { get } = await serve({ checks })
  const plain = await get('/readyz', {})
  t.is(plain.statusCode, 503)
  t.deepEqual(plain.json(), { ready: false, failing: ['database'] })
  const verbose = await get('/readyz?verbose', {})
  t.deepEqual(verbose.json().checks, [
    { name: 'database', ok: false, detail: null },
    { name: 'chain:local', ok: true, detail: null },
  ])
  t.deepEqual((await get('/readyz?verbose')).json().checks, checks)
})

test('readyz is 200 when every check is ok', async t => {
  const { get } = await serve({ checks: [{ name: 'database', ok: true, detail: '' }] })
  t.is((await get('/readyz', {})).statusCode, 200)
})

test('metrics need a token and come in the format of their registry', async t => {
  const { get } = await serve()
  t.is((await get('/metrics', {})).statusCode, 401)
  const answer = await get('/metrics')
  t.is(answer.body, 'fk_up 1\n')
  t.regex(String(answer.headers['content-type']), /version=0\.0\.4/)
})

test('the tree is answered whole, to any depth', async t => {
  const leaf = node('forger/pipeline', { state: 'restarting', because: 'the prover does not answer' })
  const forger = node('forger', { type: 'supervisor', children: [leaf] })
  const snapshot = snapshotOf(node('http'), node('roles', { type: 'supervisor', children: [forger] }))
  const { get } = await serve({ snapshot: () => snapshot })
  t.deepEqual((await get('/v1/tree')).json(), JSON.parse(JSON.stringify(snapshot)))
})

test('an unknown route is a problem that says so', async t => {
  const { get } = await serve()
  const answer = await get('/v1/nothing')
  t.is(answer.statusCode, 404)
  t.is(answer.json().code, 'HTTP_003')
})

test('a misspelled filter is refused instead of being ignored', async t => {
  const { get } = await serve()
  const answer = await get('/v1/transactions?sate=sent')
  t.is(answer.statusCode, 400)
  t.is(answer.json().code, 'HTTP_005')
})

test('malformed JSON, a body over the limit and another media type each have their code', async t => {
  const { app } = await serve()
  const send = (payload: string, type: string): Promise<LightMyRequestResponse> =>
    app.inject({
      method: 'POST',
      url: '/v1/forger/pause',
      headers: { authorization: 'Bearer operator-token-of-the-tests', 'content-type': type },
      payload,
    })
  t.is((await send('{"reason":', 'application/json')).json().code, 'HTTP_005')
  t.is((await send(`{"reason":"${'x'.repeat(70_000)}"}`, 'application/json')).json().code, 'HTTP_006')
  t.is((await send('hello', 'text/plain')).json().code, 'HTTP_009')
})

test('what needs the database says so while it is down, and asks to come back', async t => {
  const { get } = await serve()
  const answer = await get('/v1/transactions')
  t.is(answer.statusCode, 503)
  t.is(answer.json().code, 'DB_001')
  t.is(answer.headers['retry-after'], '2')
})

test('a database that goes away later is told as an outage, not as a bug', async t => {
  const orm = await openOrm('postgres://nobody@127.0.0.1:1/none', [kernelSchema])
  const { get } = await serve({ orm: () => orm })
  const answer = await get('/v1/crashes')
  t.is(answer.statusCode, 503)
  t.is(answer.json().code, 'DB_001')
  t.is((await get('/v1/status')).json().stored, null)
  await orm.close()
})

test('the status is answered while the database is down', async t => {
  const { get } = await serve({ checks: [{ name: 'database', ok: false, detail: 'starting' }] })
  const answer = await get('/v1/status')
  t.is(answer.statusCode, 200)
  const body = answer.json()
  t.is(body.stored, null)
  t.is(body.notStoredBecause, 'the database is not up yet')
  t.false(body.ready)
  t.deepEqual(body.roles, [{ name: 'forger', summary: 'Forges batches.', state: 'running', because: null, page: null }])
})

test('too many requests from one address are turned away with the time to wait', async t => {
  const { get } = await serve({ limits: { bodyLimit: 1024, rateLimit: 3 } })
  // a second is real time: on a machine that needs long for one request only many at once are too many
  const answers = await Promise.all(Array.from({ length: 100 }, () => get('/livez', {})))
  const refused = answers.find(({ statusCode }) => statusCode === 429)
  t.is(refused?.json().code, 'HTTP_007')
  t.is(refused?.headers['retry-after'], '1')
})

test('an error of ours keeps its code; a bug is logged and told without its insides', async t => {
  const logged: unknown[] = []
  const log = { error: (_: string, fields: unknown) => logged.push(fields), warn() {}, info() {}, debug() {} }
  const role = bareRole({
    routes: () => async app => {
      app.get('/broken', async () => {
        throw new BrokenThingError('it is broken', { facts: { part: 'wheel' } })
      })
      app.get('/bug', async () => {
        throw new TypeError('secret insides')
      })
    },
  })
  const { get } = await serve({ roles: [role], log: { ...log, with: () => log } as never }) // only these are called
  const broken = await get('/v1/forger/broken', asViewer)
  t.is(broken.statusCode, 422)
  t.like(broken.json(), { code: 'FRG_999', detail: 'it is broken', hint: 'Mend it.', facts: { part: 'wheel' } })
  const bug = await get('/v1/forger/bug', asViewer)
  t.is(bug.statusCode, 500)
  t.is(bug.json().code, 'HTTP_008')
  t.false(bug.body.includes('secret insides'))
  t.is(logged.length, 1)
})

test('roles add routes under their name and at fixed places, and may open them', async t => {
  const role = bareRole({
    routes: () => async app => {
      app.get('/', () => ({ state: 'running' }))
    },
    publicRoutes: () => async app => {
      app.get('/transactions-pool', { config: { access: 'open' } }, () => [])
    },
  })
  const { get } = await serve({ roles: [role] })
  t.is((await get('/v1/forger', {})).statusCode, 401)
  t.deepEqual((await get('/v1/forger')).json(), { state: 'running' })
  t.deepEqual((await get('/v1/transactions-pool', {})).json(), [])
})

test('the interface describes itself, and says which routes need a token', async t => {
  const { get } = await serve()
  const document = (await get('/openapi.json', {})).json()
  t.is(document.openapi, '3.1.0')
  t.deepEqual(document.paths['/v1/tree'].get.security, [{ token: [] }])
  t.deepEqual(document.paths['/livez'].get.security, [])
  t.truthy(document.paths['/v1/forger/pause'].post)
  t.is((await get('/docs', {})).statusCode, 200)
})
