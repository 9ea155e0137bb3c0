/**
 * Plain nact as a peer: its own dispatch, query, and restart by its own `reset`:
 * `node nact.ts MEASURE`.
 */
/* oxlint-disable typescript/no-generated-empty-object-type -- nact's references have no members */
import { dispatch, query, type Ref, spawn, start } from 'nact'
import { ACTORS, type Peer, report } from './measure.ts'

type Message =
  | { readonly type: 'count' }
  | { readonly type: 'boom' }
  | { readonly type: 'ask'; readonly reply: Ref<number> }

interface Target {
  left: number
  done: () => void
}

const COUNT: Message = { type: 'count' }
const BOOM: Message = { type: 'boom' }
const ASK_MS = 60_000

function receive(target: Target, message: Message): Target {
  switch (message.type) {
    case 'count':
      if (--target.left === 0) target.done()
      return target
    case 'boom':
      throw new Error('boom')
    case 'ask':
      dispatch(message.reply, 1)
      return target
  }
}

// nact's types refuse the options object that its code wants.
const system = start({ name: 'bench-nact' } as unknown as string)
const targets = Array.from({ length: ACTORS }, (): Target => ({ left: 0, done: () => {} }))
const open = (name: string, target: Target): Ref<Message> =>
  spawn(system, receive, name, { initialStateFunc: () => target, onCrash: (_message, _error, ctx) => ctx.reset })
const refs = targets.map((target, at) => open(`c${at}`, target))
const at = (actor: number): Ref<Message> => refs[actor] ?? open('none', { left: 0, done: () => {} })
let started = 0

const peer: Peer = {
  send: actor => dispatch(at(actor), COUNT),
  counted: (actor, messages) =>
    new Promise(done => {
      Object.assign(targets[actor] ?? {}, { left: messages, done })
    }),
  ask: actor => query(at(actor), (reply: Ref<number>): Message => ({ type: 'ask', reply }), ASK_MS),
  crash: actor => {
    dispatch(at(actor), BOOM)
    return query(at(actor), (reply: Ref<number>): Message => ({ type: 'ask', reply }), ASK_MS)
  },
  crashGroup: null, // its `resetAll` runs two handlers of one actor at once
  startAndEnd: null,
  startMore: async many => {
    for (let n = 0; n < many; n++) open(`d${started++}`, { left: 0, done: () => {} })
  },
}

await report(peer, process.argv[2])
