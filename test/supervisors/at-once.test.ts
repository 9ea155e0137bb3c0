// What a crash is answered with on the spot, and what waits for a turn of its own.
import test from 'ava'
import { setImmediate as turn } from 'node:timers/promises'
import { defineActor } from '../../src/actors/kit/actor.ts'
import { ref } from '../../src/actors/kit/ref.ts'
import { worker } from '../../src/supervisors/child.ts'
import type { WorkerSpec } from '../../src/supervisors/spec.ts'
import { bench, root, running } from './support.ts'

interface Do {
  readonly type: 'do'
  readonly run: () => void
}

/** A worker that never awaits: what a message says is done inside its handler. */
const doer = (id: string, start: () => void = () => {}, options: Partial<WorkerSpec> = {}): WorkerSpec =>
  worker<null, Do, null>({
    ...options,
    id,
    args: () => null,
    actor: defineActor<null, Do, null>({
      kind: 'doer',
      start: () => {
        start()
        return null
      },
      receive: (state, { run }) => {
        run()
        return state
      },
    }),
  })

const boom = (): never => {
  throw new Error('boom')
}

test('after a crash the restart and the messages that wait follow in the same turn of the event loop', async t => {
  const done: string[] = []
  const { system } = await running(root([doer('a', () => done.push('start'))]))
  const tell = (run: () => void): void => system.send(ref<Do>('a'), { type: 'do', run })
  tell(boom)
  tell(() => done.push('next'))
  t.deepEqual(done, ['start'])
  await turn()
  t.deepEqual(done, ['start', 'start', 'next'])
  await system.stop()
})

test('an actor that crashes with every message lets others have their turn', async t => {
  const others: number[] = []
  const crashed: string[] = []
  const tree = root([doer('a'), doer('b')], { intensity: 1000, period: 1 })
  const { system } = await running(tree)
  for (let at = 0; at < 200; at++) {
    system.send(ref<Do>('a'), {
      type: 'do',
      run: () => {
        crashed.push('a')
        boom()
      },
    })
  }
  system.send(ref<Do>('b'), { type: 'do', run: () => others.push(crashed.length) })
  await turn()
  t.deepEqual(others, [64])
  while (crashed.length < 200) await turn()
  await system.stop()
})

test('no start function runs inside the handler that kills its actor', async t => {
  let handling = false
  const during: boolean[] = []
  const { system } = await running(root([doer('a'), doer('b', () => during.push(handling))]))
  system.send(ref<Do>('a'), {
    type: 'do',
    run: () => {
      handling = true
      t.true(system.kill('b'))
      handling = false
    },
  })
  while (during.length < 2) await turn()
  t.deepEqual(during, [false, false])
  await system.stop()
})

test('a crash that a suspended supervisor hears of is answered when it is resumed, in order', async t => {
  const started: string[] = []
  const children = ['a', 'b'].map(id => doer(id, () => started.push(id)))
  const { system } = await running(root(children, { intensity: 10 }))
  system.suspend('root')
  for (const id of ['b', 'a']) system.send(ref<Do>(id), { type: 'do', run: boom })
  await turn()
  t.deepEqual(started, ['a', 'b'])
  system.resume('root')
  await turn()
  t.deepEqual(started, ['a', 'b', 'b', 'a'])
  await system.stop()
})

test('a failure of our own code while a crash is answered ends the supervisor in order', async t => {
  const backoff = { minMs: 1, maxMs: 1 }
  const random = (): number => {
    throw new Error('no luck')
  }
  const { system, trace, lines } = bench(root([doer('a', undefined, { backoff }), doer('b')]), { random })
  await system.start()
  system.send(ref<Do>('a'), { type: 'do', run: boom })
  t.is((await system.done).reason, 'no luck')
  t.deepEqual(trace().slice(3), ['end a boom', 'end b shutdown', 'end root no luck'])
  t.true(lines.some(line => line.text === 'supervisor failed'))
})
