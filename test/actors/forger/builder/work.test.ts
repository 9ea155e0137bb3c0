import test from 'ava'
import { buildJob } from '../../../../src/actors/forger/builder/work.ts'
import { rootOf } from '../../../../src/actors/forger/rollup/state.ts'
import { account, pooled, requestFor, stateOf } from '../rollup/support.ts'

test('scenario 75: of each sender in a batch the highest nonce is told, whatever the order', t => {
  const state = stateOf(account(256), account(257, { nonce: 4 }), account(258))
  const pool = [
    pooled({ fromIdx: 257, toIdx: 258, nonce: 4 }),
    pooled({ nonce: 2, amount: 7n }),
    pooled({ nonce: 0 }),
    pooled({ fromIdx: 257, toIdx: 258, nonce: 5, amount: 5n, feeValue: 9 }),
    pooled({ nonce: 1, amount: 8n }),
    pooled({ fromIdx: 258, nonce: 1 }),
  ]
  const from = { batchNum: 1, root: rootOf(state) }
  const selection = requestFor(pool, { batchNum: 2 })
  const { result } = buildJob(state, { do: 'build', from, selection, emptyAllowed: false, hasMore: false })
  const nonces = result.kind === 'batch' ? result.batch.nonces : []
  t.deepEqual(
    nonces.toSorted((a, b) => a.idx - b.idx),
    [
      { idx: 256, nonce: 2 },
      { idx: 257, nonce: 5 },
    ],
  )
})
