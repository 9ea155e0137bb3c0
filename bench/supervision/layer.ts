/**
 * Our supervision layer as a peer: `node layer.ts MEASURE`.
 */
import { defineActor } from '../../src/actors/kit/actor.ts'
import { ref, type Ref } from '../../src/actors/kit/ref.ts'
import { systemClock } from '../../src/clock.ts'
import { silentLog } from '../../src/log.ts'
import { supervisor, worker } from '../../src/supervisors/child.ts'
import type { SupervisorSpec } from '../../src/supervisors/spec.ts'
import { createSystem } from '../../src/supervisors/system.ts'
import { ACTORS, type Peer, type Pool, report } from './measure.ts'

type Message =
  | { readonly type: 'count' }
  | { readonly type: 'boom' }
  | { readonly type: 'ask'; readonly reply: (n: number) => void }

interface Target {
  left: number
  done: () => void
}

const COUNT: Message = { type: 'count' }
const BOOM: Message = { type: 'boom' }
const ASK_MS = 60_000
const MANY = 1e9

const counter = defineActor<Target, Message, Target>({
  kind: 'counter',
  start: target => target,
  receive: (target, message) => {
    switch (message.type) {
      case 'count':
        if (--target.left === 0) target.done()
        return target
      case 'boom':
        throw new Error('boom')
      case 'ask':
        message.reply(1)
        return target
    }
  },
})

const idle = (): Target => ({ left: 0, done: () => {} })
const targets = Array.from({ length: ACTORS }, idle)
const refs = targets.map((_, at) => ref<Message>(`c${at}`))
const groupRefs = Array.from({ length: 100 }, (_, at) => ref<Message>(`g${at}`))
const pool = (id: Pool): SupervisorSpec =>
  supervisor({
    id,
    strategy: 'simple-one-for-one',
    children: [worker({ id: `${id}-template`, actor: counter, args: idle })],
  })
const group = supervisor({
  id: 'group',
  strategy: 'one-for-all',
  intensity: MANY,
  period: 1,
  children: groupRefs.map(({ id }) => worker({ id, actor: counter, args: idle })),
})
const flat = supervisor({
  id: 'flat',
  strategy: 'one-for-one',
  intensity: MANY,
  period: 1,
  children: targets.map((target, at) => worker({ id: `c${at}`, actor: counter, args: () => target })),
})

const children = [flat, group, pool('small'), pool('large')]
const system = createSystem(supervisor({ id: 'root', strategy: 'one-for-one', children }), {
  clock: systemClock,
  random: Math.random,
  log: silentLog,
  name: 'bench',
})
await system.start()

const at = (actor: number): Ref<Message> => refs[actor] ?? ref('none')
const ask = (to: Ref<Message>): Promise<number> =>
  system.ask<Message, number>(to, reply => ({ type: 'ask', reply }), ASK_MS)
/** Sent, not asked: a question would be refused at once when the actor crashes. */
const handled = (to: Ref<Message>): Promise<number> =>
  new Promise(resolve => system.send(to, { type: 'ask', reply: resolve }))

let started = 0
const peer: Peer = {
  send: actor => system.send(at(actor), COUNT),
  counted: (actor, messages) =>
    new Promise(done => {
      Object.assign(targets[actor] ?? {}, { left: messages, done })
    }),
  ask: actor => ask(at(actor)),
  crash: actor => {
    system.send(at(actor), BOOM)
    return handled(at(actor))
  },
  crashGroup: async () => {
    system.send(ref<Message>('g50'), BOOM)
    await handled(ref('g50')) // kept over the restart, as the others are stopped before
    await Promise.all(groupRefs.map(to => ask(to)))
  },
  startMore: async (many, to = 'large') => {
    for (let left = many; left > 0; left--) await system.startChild(to, { id: `d${started++}` })
  },
  startAndEnd: async to => {
    const id = `d${started++}`
    await system.startChild(to, { id })
    await system.terminateChild(to, id)
  },
}

await report(peer, process.argv[2])
