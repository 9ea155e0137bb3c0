import test from 'ava'
import { createMetrics } from '../src/metrics.ts'

test('metrics carry the prefix, their labels and their values', async t => {
  const metrics = createMetrics({ processMetrics: false })
  metrics.counter({ name: 'batches_total', help: 'Batches.', labels: ['state'] }).add(2, { state: 'final' })
  metrics.gauge({ name: 'pool_bytes', help: 'Size.' }).set(5)
  metrics.histogram({ name: 'proof_seconds', help: 'Proofs.', buckets: [1, 2] }).observe(1.5)
  const text = await metrics.text()
  t.regex(text, /^forgekeeper_batches_total\{state="final"\} 2$/m)
  t.regex(text, /^forgekeeper_pool_bytes 5$/m)
  t.regex(text, /^forgekeeper_proof_seconds_bucket\{le="2"\} 1$/m)
})

test('two daemons share nothing, and the same declaration twice is one metric', async t => {
  const [one, two] = [createMetrics({ processMetrics: false }), createMetrics({ processMetrics: false })]
  one.counter({ name: 'x_total', help: 'x' }).add(1)
  one.counter({ name: 'x_total', help: 'x' }).add(1)
  two.counter({ name: 'x_total', help: 'x' }).add(1)
  t.regex(await one.text(), /x_total 2/)
  t.regex(await two.text(), /x_total 1/)
  t.throws(() => one.gauge({ name: 'x_total', help: 'x' }))
})

test('names that break the rules are refused', t => {
  const metrics = createMetrics({ processMetrics: false })
  for (const name of ['batches', 'Batches_total', 'forgekeeper_x_total', 'wait_ms']) {
    t.throws(() => metrics.counter({ name, help: 'x' }), { message: /metric name/ }, name)
  }
  t.throws(() => metrics.gauge({ name: 'x_total', help: 'x' }))
})

test('gauges are read when they are asked for, and forgotten ones are absent', async t => {
  const metrics = createMetrics({ processMetrics: false })
  const gauge = metrics.gauge({ name: 'balance_ether', help: 'x', labels: ['account'] })
  metrics.beforeRead(() => gauge.set(3, { account: 'forger' }))
  t.regex(await metrics.text(), /balance_ether\{account="forger"\} 3/)
  gauge.set(1, { account: 'other' })
  gauge.forget({ account: 'other' })
  t.false((await metrics.text()).includes('other'))
})
