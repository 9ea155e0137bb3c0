/* oxlint-disable typescript/no-unsafe-argument -- plain JavaScript, served to the browser as it is */
/** Work in progress: batches step by step, provers one by one, transactions in flight. */
import { age, h, none, pill, tone } from './dom.js'

const STEPS = ['built', 'proving', 'proven', 'sent', 'mined', 'final']

function steps(state) {
  const at = STEPS.indexOf(state)
  if (at < 0) return ''
  const mark = index => (index < at || state === 'final' ? 'done' : index === at ? 'now' : '')
  return h(
    'span',
    { class: `steps ${tone(state)}`, role: 'img', 'aria-label': `step ${at + 1} of ${STEPS.length}` },
    STEPS.map((_, index) => h('i', { class: mark(index) })),
  )
}

export function batchTable(batches, now) {
  if (!batches) return none('not known yet')
  if (batches.length === 0) return none('no batch yet')
  const titles = [
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
  return h(
    'div',
    { class: 'scroll' },
    h(
      'table',
      null,
      h(
        'thead',
        null,
        h(
          'tr',
          null,
          titles.map(([title, name]) => h('th', { class: name ?? null, scope: 'col' }, title)),
        ),
      ),
      h(
        'tbody',
        null,
        batches.map(batch => batchRow(batch, now)),
      ),
    ),
  )
}

function batchRow(batch, now) {
  const proof =
    batch.provenAt && batch.postedAt
      ? `${((Date.parse(batch.provenAt) - Date.parse(batch.postedAt)) / 1000).toFixed(1)} s`
      : ''
  return h(
    'tr',
    null,
    h('td', null, h('a', { href: `/v1/forger/batches/${batch.num}` }, String(batch.num))),
    h('td', null, pill(batch.state)),
    h('td', { class: 'optional' }, steps(batch.state)),
    h('td', null, String(batch.l1UserTxs + batch.l1CoordinatorTxs)),
    h('td', null, String(batch.l2Txs)),
    h(
      'td',
      { class: 'optional' },
      batch.prover ?? '',
      batch.proverAttempts > 1 ? ` (try ${batch.proverAttempts})` : '',
    ),
    h('td', null, age(batch.createdAt, now)),
    h('td', { class: 'optional' }, proof),
    h('td', { class: 'text quiet optional' }, batch.because ?? ''),
  )
}

export function proverList(provers, now) {
  if (!provers) return none('not known yet')
  if (provers.length === 0) return none('none is configured')
  return h(
    'ul',
    { class: 'provers' },
    provers.map(prover => proverItem(prover, now)),
  )
}

function proverItem(prover, now) {
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

export function transactionTable(transactions, now) {
  if (!transactions) return none('not known yet')
  if (transactions.length === 0) return none('none')
  return h(
    'div',
    { class: 'scroll' },
    h(
      'table',
      null,
      h(
        'thead',
        null,
        h(
          'tr',
          null,
          ['Subject', 'State', 'Nonce', 'Tries', 'Age'].map(title => h('th', { scope: 'col' }, title)),
        ),
      ),
      h(
        'tbody',
        null,
        transactions.map(tx =>
          h(
            'tr',
            { title: tx.because },
            h('td', null, h('a', { href: `/v1/transactions/${tx.id}` }, tx.subject)),
            h('td', null, pill(tx.state)),
            h('td', null, tx.nonce === null ? '' : String(tx.nonce)),
            h('td', null, String(tx.attempts.length)),
            h('td', null, age(tx.createdAt, now)),
          ),
        ),
      ),
    ),
  )
}
