import test from 'ava'
import { asViewer, serve, VIEWER } from './harness.ts'

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
