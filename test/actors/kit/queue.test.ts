import test from 'ava'
import * as fc from 'fast-check'
import { Queue } from '../../../src/actors/kit/queue.ts'

/** How many are pushed, and how many taken after that; more than there are is allowed. */
const bursts = fc.array(fc.tuple(fc.integer({ min: 0, max: 1500 }), fc.integer({ min: 0, max: 1500 })), {
  maxLength: 20,
})

test('what goes in comes out in the same order, whatever the bursts', t => {
  fc.assert(
    fc.property(bursts, list => {
      const queue = new Queue<number>()
      let pushed = 0
      let taken = 0
      for (const [pushes, takes] of list) {
        for (let n = 0; n < pushes; n++) queue.push(pushed++)
        for (let n = 0; n < takes; n++) {
          const item = queue.take()
          if (item !== (taken < pushed ? taken++ : undefined)) return t.fail(`took ${item} as number ${taken}`)
        }
        if (queue.length !== pushed - taken) return t.fail('wrong length')
      }
      t.pass()
    }),
  )
})
