import test from 'ava'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { emptyFolder, fakeDaemon, run } from './support.ts'

const node = {
  type: 'worker',
  kind: 'x',
  state: 'running',
  because: null,
  nextTryAt: null,
  restart: 'permanent',
  startedAt: '2030-01-01T11:57:00Z',
  restarts: 0,
  mailbox: { length: 1, capacity: 64, dropped: 2 },
  busy: null,
  lastCrash: null,
  strategy: null,
  autoShutdown: null,
  children: [],
}
const waiting = {
  ...node,
  id: 'forger',
  state: 'waiting',
  because: 'database is down',
  nextTryAt: '2030-01-01T12:00:12Z',
}
const crashed = {
  ...node,
  id: 'purger',
  restarts: 3,
  mailbox: null,
  busy: { message: 'look', forMs: 12.4 },
  lastCrash: { at: '2030-01-01T11:00:00Z', reason: 'boom', message: 'look' },
}
const tree = {
  takenAt: '2030-01-01T12:00:00Z',
  root: {
    ...node,
    id: 'root',
    mailbox: null,
    children: [
      { ...waiting, children: [crashed] },
      { ...node, id: 'http' },
    ],
  },
  deadLetters: [{ to: 'ghost', message: 'look', count: 4 }],
}

test('the tree is drawn with states, times, mailboxes and crashes', async t => {
  const daemon = await fakeDaemon(t, { '/v1/tree': [200, tree] })
  const { code, out } = await run('.', ['tree', '--url', daemon.url, '--token', 'x'])
  t.is(code, 0)
  const lines = out.split('\n').map(line => line.replaceAll(/ {2,}/g, ' | '))
  t.deepEqual(lines, [
    'actor | state | since | restarts | mailbox | notes',
    'root | ● running | 3m ago | 0',
    '├─ forger | ◷ waiting | 3m ago | 0 | 1/64 (2 dropped) | database is down; next try in 12s',
    '│ | └─ purger | ● running | 3m ago | 3 | look for 12 ms; crashed 1h ago: boom',
    '└─ http | ● running | 3m ago | 0 | 1/64 (2 dropped)',
    '',
    'dead letters',
    ' | 4 × look to ghost',
  ])
})

test('lists are tables, and the next page is named', async t => {
  const rows = [
    { num: 118, state: 'final', l2Txs: 32, createdAt: '2030-01-01T11:59:30Z', huge: { a: 1 } },
    { num: 117, state: 'final', l2Txs: 4, createdAt: '2030-01-01T10:00:00Z', huge: null },
  ]
  const daemon = await fakeDaemon(t, { '/v1/forger/batches?limit=2': [200, { batches: rows, next: '117' }] })
  const { out } = await run('.', ['batches', '--limit', '2', '--url', daemon.url, '--token', 'x'])
  t.deepEqual(out.split('\n'), [
    'num  state  l2 txs  created at',
    '118  final  32      30s ago',
    '117  final  4       2h ago',
    '',
    'more: --before 117',
  ])
})

test('one batch, one transaction, an explanation: the daemon’s answer, as JSON when asked', async t => {
  const answer = { num: 118, contents: { L2Txs: [{ amount: '1' }] }, because: null }
  const daemon = await fakeDaemon(t, {
    '/v1/forger/batches/118': [200, answer],
    '/v1/explain/batch/118': [200, answer],
    '/v1/transactions/forge%3A118': [200, answer],
  })
  const to = ['--url', daemon.url, '--token', 'x', '--json']
  for (const args of [
    ['batches', '118'],
    ['explain', 'batch/118'],
    ['tx', 'show', 'forge:118'],
  ]) {
    const { code, out } = await run('.', [...args, ...to])
    t.is(code, 0)
    t.deepEqual(JSON.parse(out), answer)
  }
})

test('a role by name is paused, resumed and run once; sessions are filtered', async t => {
  const daemon = await fakeDaemon(t, {
    '/v1/finalizer/pause': [200, { paused: true }],
    '/v1/finalizer/resume': [200, { paused: false }],
    '/v1/finalizer/run-once': [202, { asked: 'run-once' }],
    '/v1/finalizer/sessions?limit=20&open=true&family=result&chain=56': [200, { sessions: [], next: null }],
  })
  const to = ['--url', daemon.url, '--token', 'x']
  for (const verb of ['pause', 'resume', 'run-once'])
    t.is((await run('.', ['role', verb, 'finalizer', '--reason', 'why', ...to])).code, 0)
  t.is((await run('.', ['sessions', '--open', '--family', 'result', '--chain', '56', ...to])).code, 0)
  t.deepEqual(
    daemon.asked.map(({ method, path, body }) => [method, path.split('?')[0], body]),
    [
      ...['pause', 'resume', 'run-once'].map(verb => ['POST', `/v1/finalizer/${verb}`, '{"reason":"why"}']),
      ['GET', '/v1/finalizer/sessions', ''],
    ],
  )
  t.is((await run('.', ['role', 'pause', ...to])).code, 64)
})

test('pause and resume show the operator token, reading shows the viewer token', async t => {
  const folder = await emptyFolder(t)
  const daemon = await fakeDaemon(t, {
    '/v1/forger/pause': [200, { paused: true }],
    '/v1/forger/resume': [200, { paused: false }],
    '/v1/status': [200, { ready: true }],
  })
  await mkdir(join(folder, '.forgekeeper/tokens'), { recursive: true })
  await writeFile(join(folder, '.forgekeeper/tokens/viewer'), 'see\n')
  await writeFile(join(folder, '.forgekeeper/tokens/operator'), 'do\n')
  const note = { pid: 1, url: daemon.url, startedAt: '2030-01-01T11:00:00Z' }
  await writeFile(join(folder, '.forgekeeper/daemon.json'), JSON.stringify(note))
  t.is((await run(folder, ['pause', '--reason', 'lunch'])).code, 0)
  t.is((await run(folder, ['resume'])).code, 0)
  t.is((await run(folder, ['status'])).out, 'ready  true')
  t.deepEqual(daemon.asked, [
    { method: 'POST', path: '/v1/forger/pause', token: 'Bearer do', body: '{"reason":"lunch"}' },
    {
      method: 'POST',
      path: '/v1/forger/resume',
      token: 'Bearer do',
      body: '{}',
    },
    { method: 'GET', path: '/v1/status', token: 'Bearer see', body: '' },
  ])
})

test('the status is told in words: what is missing, who paused what, how far the chains are', async t => {
  const checks = [
    { name: 'database', ok: true, detail: 'answers' },
    { name: 'chain:local', ok: false, detail: '0 of 1 endpoints in use' },
  ]
  const roles = ['forger', 'finalizer'].map(name => ({ name, summary: 'works', state: 'running', because: null }))
  const controls = [{ role: 'forger', paused: true, by: 'operator (127.0.0.1)', reason: 'lunch', changedAt: null }]
  const sources = [{ name: 'forger/rollup', number: '9', behind: '3' }]
  const chains = [{ name: 'local', head: '12', hash: '0xa', updatedAt: '2030-01-01T11:59:57Z', sources }]
  const base = { version: '1.2.3', startedAt: '2030-01-01T11:00:00Z', ready: false, checks, roles }
  const stored = { controls, chains, transactions: { sent: 2 } }
  const answers = [
    { ...base, stored },
    { ...base, stored: null, notStoredBecause: 'it does not answer' },
  ]
  const [known = '', unknown = ''] = await Promise.all(
    answers.map(async answer => {
      const daemon = await fakeDaemon(t, { '/v1/status': [200, answer] })
      return (await run('.', ['status', '--url', daemon.url, '--token', 'x'])).out
    }),
  )
  t.is(
    known,
    [
      'forgekeeper 1.2.3, started 1h ago, not ready: chain:local',
      '',
      '  chain:local: 0 of 1 endpoints in use',
      '',
      'role       state    why',
      'forger     paused   by operator (127.0.0.1): lunch',
      'finalizer  running  works',
      '',
      'chain  head  read    facts',
      'local  12    3s ago  forger/rollup is 3 behind',
      '',
      'transactions on their way: 2 sent',
    ].join('\n'),
  )
  t.regex(unknown, /\nstored: not known, it does not answer$/)
})

test('what became of a pause is one line, and a role that is not there is named', async t => {
  const control = { role: 'forger', paused: true, by: 'operator', reason: 'lunch', changedAt: null }
  const daemon = await fakeDaemon(t, {
    '/v1/forger/pause': [200, { changed: true, before: { ...control, paused: false }, after: control }],
    '/v1/forger/resume': [200, { changed: false, before: control, after: { ...control, paused: false } }],
    '/v1/nobody/pause': [404, { code: 'HTTP_003', detail: 'there is no such route', hint: '' }],
  })
  const to = ['--url', daemon.url, '--token', 'x']
  t.is((await run('.', ['pause', ...to])).out, 'forger is paused by operator: lunch')
  t.is((await run('.', ['resume', ...to])).out, 'forger was not paused')
  const { code, err } = await run('.', ['role', 'pause', 'nobody', ...to])
  t.is(code, 64)
  t.regex(err, /^HTTP_003 there is no role "nobody" in this daemon/)
})

test('a daemon that is down is named, with how to start it', async t => {
  const folder = await emptyFolder(t)
  const { code, err } = await run(folder, ['status', '--set', 'http.port=1'])
  t.is(code, 69)
  t.regex(err, /^CLI_002 no daemon answers at http:\/\/127\.0\.0\.1:1\n.*forgekeeper start/)
})

test('a refused token is named, also when none is known', async t => {
  const daemon = await fakeDaemon(t, { '/v1/status': [401, {}], '/v1/forger/pause': [403, {}] })
  const known = await run('.', ['status', '--url', daemon.url, '--token', 'secret-token'])
  t.is(known.code, 78)
  t.regex(known.err, /the viewer token was refused/)
  t.false(known.err.includes('secret-token'))
  const folder = await emptyFolder(t)
  const unknown = await run(folder, ['pause', '--url', daemon.url])
  t.is(unknown.code, 78)
  t.regex(unknown.err, /no operator token is known here/)
})

test('refusals of the daemon keep its code, reason and hint, and say whether to try again', async t => {
  const problem = { code: 'DB_001', detail: 'the database is down', hint: 'Wait.', status: 503 }
  const daemon = await fakeDaemon(t, {
    '/v1/status': [503, problem],
    '/v1/forger/provers': [200, '<html>'],
    '/v1/tree': [200, { no: 'tree' }],
    '/v1/transactions?limit=20': [500, { code: 'HTTP_009' }],
  })
  const to = ['--url', daemon.url, '--token', 'x']
  const down = await run('.', ['status', ...to])
  t.is(down.code, 75)
  t.regex(down.err, /^DB_001 the database is down\nWait\.$/)
  t.is((await run('.', ['explain', 'batch/9', ...to])).code, 64)
  t.is((await run('.', ['provers', ...to])).code, 70)
  t.is((await run('.', ['tree', ...to])).code, 70)
  t.is((await run('.', ['tx', 'list', ...to])).code, 70)
  t.is((await run('.', ['status', '--url', 'nonsense', '--token', 'x'])).code, 64)
})
