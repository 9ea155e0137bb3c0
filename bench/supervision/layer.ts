/**
 * Our supervision layer as a peer. Prints its figures as one JSON line.
 */
import { defineActor } from '../../src/actors/kit/actor.ts'
import { ref } from '../../src/actors/kit/ref.ts'
import { systemClock } from '../../src/clock.ts'
import { silentLog } from '../../src/log.ts'
import { supervisor, worker } from '../../src/supervisors/child.ts'
import { createSystem } from '../../src/supervisors/system.ts'
import { ACTORS, asks, callUs, crowd, fanOut, type Figures, oneToOne, type Peer, restarts, soak } from './measure.ts'

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

const targets = Array.from({ length: ACTORS }, (): Target => ({ left: 0, done: () => {} }))
const refs = targets.map((_, at) => ref<Message>(`c${at}`))
const pool = (id: string) =>
  supervisor({
    id,
    strategy: 'simple-one-for-one',
    children: [worker({ id: `${id}-template`, actor: counter, args: () => ({ left: 0, done: () => {} }) })],
  })
const group = supervisor({
  id: 'group',
  strategy: 'one-for-all',
  intensity: MANY,
  children: Array.from({ length: 100 }, (_, at) =>
    worker({ id: `g${at}`, actor: counter, args: () => ({ left: 0, done: () => {} }) }),
  ),
})
const flat = supervisor({
  id: 'flat',
  strategy: 'one-for-one',
  intensity: MANY,
  children: targets.map((target, at) => worker({ id: `c${at}`, actor: counter, args: () => target })),
})

const system = createSystem(
  supervisor({ id: 'root', strategy: 'one-for-one', children: [flat, group, pool('small'), pool('large')] }),
  { clock: systemClock, random: Math.random, log: silentLog, name: 'bench' },
)
await system.start()

const ask = (id: string): Promise<number> =>
  system.ask<Message, number>(ref(id), reply => ({ type: 'ask', reply }), ASK_MS)
const at = (actor: number) => refs[actor] ?? ref<Message>('c0')
let started = 0

const peer: Peer = {
  send: actor => system.send(at(actor), COUNT),
  counted: (actor, messages) =>
    new Promise(done => {
      Object.assign(targets[actor] ?? {}, { left: messages, done })
    }),
  ask: actor => ask(`c${actor}`),
  crash: actor =>
    new Promise(resolve => {
      system.send(at(actor), BOOM)
      // Not asked but sent: a question would be refused at once when the actor crashes.
      system.send(at(actor), { type: 'ask', reply: resolve })
    }),
  startMore: async many => {
    for (let n = 0; n < many; n++) await system.startChild('large', { id: `d${started++}` })
  },
}

async function restartGroup(times = 60): Promise<number> {
  const ids = Array.from({ length: 100 }, (_, n) => `g${n}`)
  const took: number[] = []
  for (let n = 0; n < times; n++) {
    const from = performance.now()
    system.send(ref<Message>('g50'), BOOM)
    await ask('g50').catch(() => ask('g50')) // the second one is answered by the new incarnation
    await Promise.all(ids.map(ask))
    took.push((performance.now() - from) * 1000)
  }
  return took.toSorted((a, b) => a - b)[Math.floor(times / 2)] ?? Number.NaN
}

const one = await oneToOne(peer)
const fan = await fanOut(peer)
const ask1 = await asks(peer, 1)
const ask100 = await asks(peer, 100)
const { median, p99 } = await restarts(peer)
const restartGroupUs = await restartGroup()
for (let n = 0; n < 100; n++) await system.startChild('small', { id: `s${n}` })
const bytesPerCrash = await soak(peer)
let calls = 0
const startAndEnd = async (id: string): Promise<void> => {
  const child = `x${calls++}`
  await system.startChild(id, { id: child })
  await system.terminateChild(id, child)
}
const callAt100Us = await callUs(() => startAndEnd('small'))
await peer.startMore(50_000)
const callAt50kUs = await callUs(() => startAndEnd('large'))
const { starts, heapPerActor } = await crowd(peer)
const figures: Figures = {
  oneToOne: one,
  fanOut: fan,
  ask1,
  ask100,
  restartMedianUs: median,
  restartP99Us: p99,
  restartGroupUs,
  starts,
  heapPerActor,
  callAt100Us,
  callAt50kUs,
  bytesPerCrash,
}
process.stdout.write(`${JSON.stringify(figures)}\n`)
process.exit(0)
