/* oxlint-disable typescript/no-unsafe-argument -- plain JavaScript, served to the browser as it is */
/**
 * The finalizer's part of the status page: the sessions that are open with what they wait for, and the latest that are
 * settled. What it may use of the page (elements, pills, ages, tables) it is handed as `ui`.
 */
export const reads = {
  finalizer: '/v1/finalizer',
  open: '/v1/finalizer/sessions?open=true&limit=14',
  settled: '/v1/finalizer/sessions?open=false&limit=8',
}

/** A value of `read` is null where the API cannot tell just now. */
export const view = (read, now, ui) => ({
  state: read.finalizer?.state,
  because: read.finalizer?.because,
  facts: read.finalizer && facts(read.finalizer),
  wide: [
    { title: 'Sessions', content: sessions(read.open?.sessions, 'none is open', now, ui) },
    { title: 'Settled sessions', content: sessions(read.settled?.sessions, 'none yet', now, ui) },
  ],
})

function facts({ head, account, sessions: families, inFlight }) {
  const counts = Object.entries(families).map(([family, states]) => [
    family,
    Object.entries(states)
      .map(([state, count]) => `${count} ${state}`)
      .join(', ') || 'none',
  ])
  return [
    ...counts,
    ['In flight', String(inFlight)],
    ['Head', head ? `${head.block}${head.behind > 0 ? `, ${head.behind} blocks to read` : ''}` : 'not read yet'],
    ['Gas for', account.callsAffordable === null ? null : `${account.callsAffordable} calls`],
  ]
}

function sessions(list, empty, now, { h, none, pill, age, table }) {
  if (!list) return none('not known yet')
  if (list.length === 0) return none(empty)
  return table(
    [
      ['Session'],
      ['Of'],
      ['State'],
      ['Deadline', 'optional'],
      ['Submissions', 'optional'],
      ['Age'],
      ['Why', 'optional'],
    ],
    list.map(session => [
      h('a', { href: `/v1/explain/${session.subject}` }, session.subject.replace('session/', '')),
      session.family,
      pill(session.state),
      session.deadline ?? '',
      String(session.submissions),
      age(session.seenAt, now),
      { class: 'text quiet', content: session.because ?? session.outcome ?? '' },
    ]),
  )
}
