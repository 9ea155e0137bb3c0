/** Groups on their way to the endpoints: one at a time, in order, and no failure is lost. */
import test from 'ava'
import { outgoing } from '../../../src/actors/lanes/tx/outgoing.ts'

test('the next group starts when the one before has ended; its own end is not waited for', async t => {
  const line = outgoing()
  const first = Promise.withResolvers<void>()
  const second = Promise.withResolvers<void>()
  const seen: string[] = []
  await line.next(async () => {
    seen.push('first begins')
    await first.promise
    seen.push('first ends')
  })
  const next = line.next(async () => {
    seen.push('second begins')
    await second.promise
    seen.push('second ends')
  })
  t.deepEqual(seen, ['first begins'])
  first.resolve()
  await next
  t.deepEqual(seen, ['first begins', 'first ends', 'second begins'])
  second.resolve()
  await line.ended()
  t.deepEqual(seen, ['first begins', 'first ends', 'second begins', 'second ends'])
})

test('what a group threw is thrown to who comes next, whose own group does not start, and at the end', async t => {
  const line = outgoing()
  await line.next(() => Promise.reject(new Error('no way')))
  await t.throwsAsync(
    line.next(async () => t.fail('started behind a failure')),
    { message: 'no way' },
  )
  await t.throwsAsync(line.ended(), { message: 'no way' })
})

test('nothing was sent: nothing is waited for', async t => {
  await t.notThrowsAsync(outgoing().ended())
})
