import test from 'ava'
import { InvalidTreeError } from '../../src/supervisors/errors.ts'
import type { SupervisorSpec } from '../../src/supervisors/spec.ts'
import { problemsOf } from '../../src/supervisors/validate.ts'
import { bench, probe, root, running } from './support.ts'

const said = (tree: SupervisorSpec): string[] => problemsOf(tree).map(({ path, problem }) => `${path}: ${problem}`)

// Specs from plain JavaScript can be anything; the cast stands for that.
const wrong = (value: unknown): never => value as never

test('a valid tree has no problems', t => {
  t.deepEqual(said(root([probe('a'), probe('b', { restart: 'transient' })])), [])
})

test('all problems are told at once, each with the path of the node, before anything starts', t => {
  const inner = root([probe('a'), probe('')], {
    id: 'inner',
    strategy: wrong('one-for-none'),
    intensity: -1,
    period: 0,
  })
  const tree = root([probe('a'), inner], { autoShutdown: 'any-significant' })
  const error = t.throws(() => bench(tree), { instanceOf: InvalidTreeError })
  t.is(error.code, 'SUP_001')
  t.deepEqual(
    error.problems.map(({ path, problem }) => `${path}: ${problem}`),
    [
      'root > inner: unknown strategy "one-for-none", expected one-for-one, one-for-all, rest-for-one, simple-one-for-one',
      'root > inner: intensity -1 must be a whole number of at least 0',
      'root > inner: period 0 must be a whole number of seconds, at least 1',
      'root > inner > a: duplicate id "a", first used at root > a',
      'root > inner > : the id must be a text that is not empty',
    ],
  )
  for (const { path, problem } of error.problems) t.true(error.message.includes(`${path}: ${problem}`))
})

test('a significant child must be able to be one', t => {
  const tree = root([probe('a', { significant: true }), probe('b', { significant: true, restart: 'temporary' })])
  t.deepEqual(said(tree), [
    'root > a: a permanent child cannot be significant',
    'root > a: a significant child needs a supervisor with autoShutdown',
    'root > b: a significant child needs a supervisor with autoShutdown',
  ])
})

test('wrong words and numbers of a child are named', t => {
  const options = { restart: wrong('always'), shutdown: wrong('never'), backoff: { minMs: 5, maxMs: 1 }, deadlineMs: 0 }
  const mailbox = { capacity: 0, overflow: wrong('spill') }
  t.deepEqual(said(root([probe('a', { ...options, mailbox })])), [
    'root > a: unknown restart "always", expected permanent, transient, temporary',
    'root > a: shutdown "never" is neither a number of milliseconds nor brutal-kill nor infinity',
    'root > a: backoff {"minMs":5,"maxMs":1} needs 0 <= minMs <= maxMs',
    'root > a: deadlineMs 0 must be positive',
    'root > a: mailbox capacity 0 must be a whole number of at least 1',
    'root > a: unknown mailbox overflow "spill", expected coalesce, drop-oldest, reject, block-sender',
  ])
})

test('wrong words and numbers of a supervisor are named', t => {
  const options = { autoShutdown: wrong('sometimes'), whenExceeded: wrong('shrug'), parkMs: 0, children: wrong(null) }
  t.deepEqual(said({ ...root([]), ...options }), [
    'root: unknown autoShutdown "sometimes", expected never, any-significant, all-significant',
    'root: unknown whenExceeded "shrug", expected die, park',
    'root: parkMs 0 must be positive',
    'root: children must be a list',
  ])
  t.deepEqual(said(root([], { strategy: 'simple-one-for-one' })), [
    'root: a simple-one-for-one supervisor has exactly one child, the template of its dynamic children',
  ])
})

test('things that are no children at all are named too', t => {
  const nothing = wrong({ id: 'x', type: 'thing' })
  const hollow = wrong({ id: 'y', type: 'worker' })
  t.deepEqual(said(root([nothing, hollow])), [
    'root > x: unknown type "thing", expected worker or supervisor',
    'root > y: the actor must have start and receive functions',
  ])
})

test('a malformed child that is to be added is refused as a value', async t => {
  const { system } = await running(root([probe('a')]))
  const result = await system.startChild('root', probe('b', { shutdown: -1 }))
  t.like(result, { ok: false, error: 'invalid-spec' })
  t.deepEqual(await system.startChild('root', probe('b', { significant: true })), {
    ok: false,
    error: 'bad-combination',
  })
  await system.stop()
})
