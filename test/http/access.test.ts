import test from 'ava'
import { asOperator, asViewer, OPERATOR, serve, VIEWER } from './harness.ts'

const wrong = { authorization: 'Bearer something-else' }

test('reading without a token is refused with a code, a hint and a challenge', async t => {
  const { get } = await serve()
  const answer = await get('/v1/tree', {})
  t.is(answer.statusCode, 401)
  t.is(answer.headers['content-type'], 'application/problem+json; charset=utf-8')
  t.is(answer.headers['www-authenticate'], 'Bearer realm="forgekeeper"')
  const problem = answer.json()
  t.is(problem.code, 'HTTP_001')
  t.is(problem.requestId, answer.headers['x-request-id'])
  t.true(problem.hint.length > 10)
})

test('a wrong token is refused, also one that only begins like the right one', async t => {
  const { get } = await serve()
  t.is((await get('/v1/tree', wrong)).statusCode, 401)
  t.is((await get('/v1/tree', { authorization: `Bearer ${VIEWER}x` })).statusCode, 401)
  t.is((await get('/v1/tree', { authorization: `Basic ${VIEWER}` })).statusCode, 401)
})

test('the viewer token reads but does not change; the operator token does both', async t => {
  const { get, post } = await serve()
  t.is((await get('/v1/tree', asViewer)).statusCode, 200)
  t.is((await get('/v1/tree', asOperator)).statusCode, 200)
  const refused = await post('/v1/forger/pause', {}, asViewer)
  t.is(refused.statusCode, 403)
  t.is(refused.json().code, 'HTTP_002')
})

test('the printed link opens a session that reads and leaves no token in the address', async t => {
  const { get, post } = await serve()
  const entered = await get(`/?token=${VIEWER}`, {})
  t.is(entered.statusCode, 303)
  t.is(entered.headers.location, '/')
  const set = String(entered.headers['set-cookie'])
  t.regex(set, /HttpOnly/)
  t.regex(set, /SameSite=Lax/)
  t.false(set.includes(VIEWER))
  const cookie = set.split(';', 1)[0] ?? ''
  t.is((await get('/v1/tree', { cookie })).statusCode, 200)
  t.regex((await get('/', { cookie })).body, /<title>Forgekeeper/)
  t.is((await post('/v1/forger/pause', {}, { cookie })).statusCode, 403)
})

test('a session opened with the operator token still only reads', async t => {
  const { get, post } = await serve()
  const set = String((await get(`/?token=${OPERATOR}`, {})).headers['set-cookie'])
  const cookie = set.split(';', 1)[0] ?? ''
  t.is((await get('/v1/tree', { cookie })).statusCode, 200)
  t.is((await post('/v1/forger/pause', {}, { cookie })).statusCode, 403)
})

test('the form takes a token and says when it is not one of this daemon', async t => {
  const { get, app } = await serve()
  t.regex((await get('/', {})).body, /<form/)
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  const good = await app.inject({ method: 'POST', url: '/login', headers, payload: `token=${VIEWER}` })
  t.is(good.statusCode, 303)
  const bad = await app.inject({ method: 'POST', url: '/login', headers, payload: 'token=nonsense' })
  t.is(bad.statusCode, 401)
  t.regex(bad.body, /not one of this daemon/)
  t.is(bad.headers['set-cookie'], undefined)
})

test('leaving ends the session in the browser', async t => {
  const { app } = await serve()
  const answer = await app.inject({ method: 'POST', url: '/logout' })
  t.regex(String(answer.headers['set-cookie']), /Max-Age=0/)
})

test('every answer carries a policy that keeps foreign scripts out, and nothing is cached', async t => {
  const { get } = await serve()
  const { headers } = await get('/v1/tree')
  t.regex(String(headers['content-security-policy']), /default-src 'self'/)
  t.false(String(headers['content-security-policy']).includes('unsafe'))
  t.is(headers['cache-control'], 'no-store')
  t.is(headers['x-content-type-options'], 'nosniff')
})
