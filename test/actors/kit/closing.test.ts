/** What an incarnation holds open is closed exactly once, however it ends. */
import test from 'ava'
import { closing } from '../../../src/actors/kit/closing.ts'

function counted(fails = false): { close: () => Promise<void>; times: () => number } {
  let times = 0
  const close = async (): Promise<void> => {
    times += 1
    if (fails) throw new Error('it cannot be closed')
  }
  return { close, times: () => times }
}

test('an orderly stop closes, and the signal that follows does not close again', async t => {
  const { close, times } = counted()
  const life = new AbortController()
  await closing(life.signal, close)()
  life.abort()
  t.is(times(), 1)
})

test('a crash or a kill closes by the signal alone', t => {
  const { close, times } = counted()
  const life = new AbortController()
  closing(life.signal, close)
  t.is(times(), 0)
  life.abort()
  t.is(times(), 1)
})

test('what is opened after the end is closed at once', t => {
  const { close, times } = counted()
  closing(AbortSignal.abort(), close)
  t.is(times(), 1)
})

test('a failure is told to whoever stops in order, and to nobody after a crash', async t => {
  const { close, times } = counted(true)
  const life = new AbortController()
  const stop = closing(life.signal, close)
  life.abort()
  await t.throwsAsync(stop, { message: 'it cannot be closed' })
  t.is(times(), 1)
})
