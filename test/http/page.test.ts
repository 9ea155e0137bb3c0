import test from 'ava'
import finalizer from '../../src/actors/finalizer/index.ts'
import forger from '../../src/actors/forger/index.ts'
import { asViewer, bareRole, serve, VIEWER } from './harness.ts'

test('everything the page refers to is served, from here, without a token', async t => {
  const { get } = await serve()
  const home = await get('/', asViewer)
  const named = [...home.body.matchAll(/(?:src|href)="(\/ui\/[^"]+)"/g)].map(match => match[1] ?? '')
  t.true(named.length >= 3)
  const scripts = await Promise.all(named.map(async url => ({ url, answer: await get(url, {}) })))
  for (const { url, answer } of scripts) t.is(answer.statusCode, 200, url)
  const page = scripts.find(({ url }) => url.endsWith('page.js'))?.answer.body ?? ''
  for (const [, file] of page.matchAll(/from '\.\/([a-z]+\.js)'/g)) {
    t.is((await get(`/ui/${file}`, {})).statusCode, 200, file)
  }
})

test('the page has no script or style in itself and names no other host', async t => {
  const { get } = await serve()
  for (const headers of [asViewer, {}]) {
    const { body } = await get('/', headers)
    t.notRegex(body, /<style|style=|<script(?![^>]*src=)|https?:\/\//)
  }
})

test('the page never holds a token', async t => {
  const { get } = await serve()
  t.false((await get('/', asViewer)).body.includes(VIEWER))
})

test('each role brings its part of the page, which reads nothing but the API', async t => {
  const roles = [forger, finalizer].map(({ name, page }) => bareRole({ name, ...(page && { page }) }))
  const { get } = await serve({ roles: [...roles, bareRole({ name: 'plain' })] })
  const status = (await get('/v1/status', asViewer)).json<{ roles: { name: string; page: string | null }[] }>()
  t.deepEqual(
    status.roles.map(({ page }) => page),
    ['/ui/roles/forger.js', '/ui/roles/finalizer.js', null],
  )
  for (const { name, page } of status.roles.slice(0, 2)) {
    const { statusCode, body } = await get(page ?? '', {})
    t.is(statusCode, 200)
    t.notRegex(body, /^import|https?:/m)
    // The script as the browser gets it.
    const part = (await import(`data:text/javascript,${encodeURIComponent(body)}`)) as { reads: Record<string, string> }
    for (const path of Object.values(part.reads)) t.true(path.startsWith(`/v1/${name}`), path)
  }
})
