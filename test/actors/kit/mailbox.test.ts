import test from 'ava'
import * as fc from 'fast-check'
import type { MailboxOptions, Tagged } from '../../../src/actors/kit/actor.ts'
import { Mailbox } from '../../../src/actors/kit/mailbox.ts'

interface Message extends Tagged {
  readonly n: number
}

const letter = fc.record({ type: fc.constantFrom('a', 'b', 'c', 'd'), n: fc.nat() })
/** null takes, a message is offered. */
const commands = fc.array(fc.option(letter, { freq: 2 }), { maxLength: 200 })
const bounds = fc.integer({ min: 1, max: 9 })

/** What a mailbox of this rule should hold, in the simplest way to say it. */
function model(
  rule: MailboxOptions<Message>['overflow'],
  capacity: number,
  held: Message[],
  message: Message,
): Message[] {
  const same = held.findIndex(each => each.type === message.type)
  if (rule === 'coalesce' && same >= 0) return held.with(same, message)
  if (held.length < capacity) return [...held, message]
  return rule === 'drop-oldest' ? [...held.slice(1), message] : held
}

for (const overflow of ['coalesce', 'drop-oldest', 'reject', 'block-sender'] as const) {
  test(`${overflow}: holds what the rule says, in order, never more than the capacity`, t => {
    fc.assert(
      fc.property(commands, bounds, (list, capacity) => {
        const box = new Mailbox({ capacity, overflow })
        let held: Message[] = []
        for (const message of list) {
          if (message === null) {
            const [first, ...rest] = held
            t.deepEqual(box.take(), first)
            held = rest
          } else {
            box.offer(message)
            held = model(overflow, capacity, held, message)
          }
          t.is(box.length, held.length)
          t.true(box.length <= capacity)
        }
        t.deepEqual(box.drain(), held)
      }),
    )
  })
}

test('every message offered is held, replaced, or counted as dropped', t => {
  fc.assert(
    fc.property(fc.array(letter), bounds, (list, capacity) => {
      const box = new Mailbox({ capacity, overflow: 'coalesce' })
      let replaced = 0
      for (const message of list) if (box.offer(message) === 'replaced') replaced++
      t.is(box.length + replaced + box.dropped, list.length)
    }),
  )
})

test('an unbounded mailbox keeps everything', t => {
  const box = new Mailbox(undefined)
  for (let n = 0; n < 10_000; n++) box.offer({ type: String(n) })
  t.is(box.length, 10_000)
  t.deepEqual(
    box.drain().map(message => message.type),
    Array.from({ length: 10_000 }, (_, n) => String(n)),
  )
})
