// Compile errors are the behaviour here: `tsc` fails if one of the marked lines were accepted.
import test from 'ava'
import { type Context, defineActor } from '../../../src/actors/kit/actor.ts'
import { ref, type Ref } from '../../../src/actors/kit/ref.ts'
import { worker } from '../../../src/supervisors/child.ts'
import type { System } from '../../../src/supervisors/system.ts'

interface Look {
  readonly type: 'look'
}
interface Forge {
  readonly type: 'forge'
  readonly batch: number
}

interface Count {
  readonly type: 'count'
  readonly reply: (answer: number) => void
}

const counter: Ref<Count> = ref('counter')
const coordinator: Ref<Look> = ref('coordinator')
const lane: Ref<Look | Forge> = ref('lane')

// Never called; it only has to be refused or accepted by the compiler.
const _typed = (ctx: Context<Look>, system: System): void => {
  ctx.send(coordinator, { type: 'look' })
  ctx.send(lane, { type: 'forge', batch: 1 })
  // @ts-expect-error the coordinator does not accept `forge`
  ctx.send(coordinator, { type: 'forge', batch: 1 })
  // @ts-expect-error no such message
  ctx.send(lane, { type: 'forgery' })
  // @ts-expect-error a forge message needs its batch
  ctx.send(lane, { type: 'forge' })
  // @ts-expect-error only its own messages may be sent to self later
  ctx.after(10, { type: 'forge', batch: 1 })
  // @ts-expect-error the same for a watch
  ctx.watch(lane, () => ({ type: 'ended' }))
  // @ts-expect-error the same for what is sent again and again
  ctx.every(10, { type: 'forge', batch: 1 })
  // @ts-expect-error a delivery is a message too
  void ctx.deliver(coordinator, { type: 'forge', batch: 1 })
  void ctx.ask<Count, number>(counter, reply => ({ type: 'count', reply }), 100)
  // @ts-expect-error a question is a message too
  void ctx.ask(coordinator, reply => ({ type: 'count', reply }), 100)
  // @ts-expect-error the answer is what the actor says it is
  void ctx.ask<Count, string>(counter, (reply: (answer: string) => void) => ({ type: 'count', reply }), 100)
  // @ts-expect-error from outside too
  system.send(coordinator, { type: 'forge', batch: 1 })
  // @ts-expect-error and when it is asked or delivered from there
  void [system.deliver(coordinator, { type: 'forge', batch: 1 }), system.ask(lane, () => ({ type: 'count' }), 1)]
  // @ts-expect-error a text is not a reference
  system.send('coordinator', { type: 'look' })
}

const _refs = (): void => {
  // An actor that takes more may stand where one that takes less is wanted.
  const narrow: Ref<Look> = lane
  // @ts-expect-error but not the other way round
  const wide: Ref<Look | Forge> = coordinator
  void [narrow, wide]
}

const _actors = (): void => {
  defineActor<null, Look, number>({
    kind: 'x',
    start: () => 0,
    // @ts-expect-error the handler must return the next state
    receive: () => {},
  })
  defineActor<null, Look, number>({
    kind: 'x',
    start: () => 0,
    // @ts-expect-error the state is a number
    receive: async () => 'one',
  })
  defineActor<null, Look | Forge, number>({
    kind: 'x',
    start: () => 0,
    // @ts-expect-error the case `forge` is missing, so not every path returns a state
    receive: (state, message): number => {
      if (message.type === 'look') return state
    },
  })
  const actor = defineActor<{ readonly url: string }, Look, number>({
    kind: 'x',
    start: () => 0,
    receive: state => state,
  })
  worker({ id: 'a', actor, args: () => ({ url: 'x' }) })
  // @ts-expect-error the actor's args have a url
  worker({ id: 'a', actor, args: () => ({}) })
}

test('a message that an actor does not accept is a compile error', t => {
  t.pass('checked by tsc through the expectations above')
})
