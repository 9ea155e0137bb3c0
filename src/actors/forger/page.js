/* oxlint-disable typescript/no-unsafe-argument -- plain JavaScript, served to the browser as it is */
/**
 * The forger's part of the status page: batches step by step, provers one by one, the pool. What it may use of the page
 * (elements, pills, ages, tables) it is handed as `ui`.
 */
const STEPS = ['built', 'proving', 'proven', 'sent', 'mined', 'final']
const COLUMNS = [
  ['Batch'],
  ['State'],
  ['', 'optional'],
  ['L1'],
  ['L2'],
  ['Prover', 'optional'],
  ['Age'],
  ['Proof', 'optional'],
  ['Why', 'optional'],
]

export const reads = {
  forger: '/v1/forger',
  batches: '/v1/forger/batches?limit=14',
  provers: '/v1/forger/provers',
  pool: '/v1/forger/pool',
}

/** A value of `read` is null where the API cannot tell just now. */
export const view = (read, now, ui) => ({
  state: read.forger?.state,
  because: read.forger?.because,
  facts: read.forger && facts(read.forger),
  cards: [{ title: 'Pool', content: pool(read.pool, now, ui) }],
  wide: [{ title: 'Batches', content: batches(read.batches?.batches, now, ui) }],
  narrow: [{ title: 'Provers', content: provers(read.provers?.provers, now, ui) }],
})

function facts({ epoch, batches: counts, slot, head }) {
  const open = Object.entries(counts).map(([state, count]) => `${count} ${state}`)
  const ended = epoch?.stoppedAt ? `; ended: ${epoch.reason ?? 'stopped'}` : ''
  return [
    ['Run', epoch ? `${epoch.number}, from batch ${epoch.fromBatch}${ended}` : null],
    ['Under way', open.length > 0 ? open.join(', ') : 'nothing'],
    ['On chain', head ? `batch ${head.lastForgedBatch} at block ${head.block}` : 'not read yet'],
    ['Slot', slot ? `${slot.slot}${slot.committed ? ', committed' : ''}` : null],
  ]
}

function batches(list, now, { h, none, pill, age, table, tone }) {
  if (!list) return none('not known yet')
  if (list.length === 0) return none('no batch yet')
  const steps = state => {
    const at = STEPS.indexOf(state)
    if (at < 0) return ''
    const mark = index => (index < at || state === 'final' ? 'done' : index === at ? 'now' : '')
    const label = `step ${at + 1} of ${STEPS.length}`
    const marks = STEPS.map((_, index) => h('i', { class: mark(index) }))
    return h('span', { class: `steps ${tone(state)}`, role: 'img', 'aria-label': label }, marks)
  }
  const seconds = (from, to) => (from && to ? `${((Date.parse(to) - Date.parse(from)) / 1000).toFixed(1)} s` : '')
  return table(
    COLUMNS,
    list.map(batch => [
      h('a', { href: `/v1/forger/batches/${batch.num}` }, String(batch.num)),
      pill(batch.state),
      steps(batch.state),
      String(batch.l1UserTxs + batch.l1CoordinatorTxs),
      String(batch.l2Txs),
      `${batch.prover ?? ''}${batch.proverAttempts > 1 ? ` (try ${batch.proverAttempts})` : ''}`,
      age(batch.createdAt, now),
      seconds(batch.postedAt, batch.provenAt),
      { class: 'text quiet', content: batch.because ?? '' },
    ]),
  )
}

function provers(list, now, ui) {
  const { h, none } = ui
  if (!list) return none('not known yet')
  if (list.length === 0) return none('none is configured')
  const items = list.map(prover => proverItem(prover, now, ui))
  return h('ul', { class: 'provers' }, items)
}

function proverItem(prover, now, { h, pill, age }) {
  const median = prover.medianProofMs
  const elapsed = prover.since ? now - Date.parse(prover.since) : 0
  const busy = prover.batch !== null
  const bar =
    busy && (median ? h('progress', { value: Math.min(0.99, elapsed / median), max: 1 }) : h('progress', null))
  const trouble = prover.lastError && prover.state !== 'idle' && !busy
  return h(
    'li',
    null,
    h('span', null, h('b', null, prover.name), h('span', { class: 'quiet' }, ` ${prover.url}`)),
    h('span', null, busy && h('span', { class: 'quiet' }, `batch ${prover.batch} `), pill(prover.state)),
    h(
      'span',
      { class: 'quiet' },
      `${prover.proofs} proofs`,
      prover.failures > 0 ? `, ${prover.failures} failures` : '',
      median ? `, median ${(median / 1000).toFixed(1)} s` : '',
    ),
    h('span', { class: 'quiet' }, prover.since ? age(prover.since, now) : ''),
    bar,
    trouble && h('span', { class: 'refused' }, prover.lastError),
  )
}

function pool(counts, now, { h, none, number, age, rows }) {
  if (!counts) return none('not known yet')
  const oldest = counts.oldestPendingAt
    ? h('span', { class: 'quiet' }, ` oldest ${age(counts.oldestPendingAt, now)}`)
    : ''
  return h(
    'dl',
    null,
    rows([
      ['Waiting', h('span', null, number(counts.pending), oldest)],
      ['In batches', number(counts.forging)],
      ['Forged', number(counts.forged)],
      ['Invalid', number(counts.invalid)],
      ['L1 waiting', number(counts.l1Waiting)],
      ['Accounts', number(counts.accounts)],
    ]),
  )
}
