/* oxlint-disable typescript/no-unsafe-argument -- plain JavaScript, served to the browser as it is */
/** The cards on top: each role and what it does now, how far the chains are read, what waits in the pool. */
import { age, h, none, number, pill, rows } from './dom.js'

export function roleCard(role, control, forger, onControl) {
  const paused = control?.paused ?? false
  const state = paused ? 'paused' : (forger?.state ?? role.state)
  const verb = paused ? 'resume' : 'pause'
  const because = forger?.because ?? role.because ?? role.summary
  return h(
    'article',
    { class: 'card' },
    h(
      'div',
      { class: 'head' },
      h('h2', null, role.name),
      pill(state),
      h(
        'button',
        { onclick: () => onControl(role.name, verb), disabled: control ? null : true },
        verb === 'pause' ? 'Pause' : 'Resume',
      ),
    ),
    h('p', { class: 'sentence' }, because),
    paused &&
      h(
        'p',
        { class: 'quiet' },
        `paused by ${control.by ?? 'somebody'}`,
        control.changedAt ? `, ${new Date(control.changedAt).toLocaleString()}` : '',
      ),
    forger && forgerFacts(forger),
  )
}

function forgerFacts({ epoch, batches, slot, head }) {
  const open = Object.entries(batches).map(([state, count]) => `${count} ${state}`)
  return h(
    'dl',
    null,
    rows([
      [
        'Run',
        epoch
          ? `${epoch.number}, from batch ${epoch.fromBatch}${epoch.stoppedAt ? `; ended: ${epoch.reason ?? 'stopped'}` : ''}`
          : null,
      ],
      ['Under way', open.length > 0 ? open.join(', ') : 'nothing'],
      ['On chain', head ? `batch ${head.lastForgedBatch} at block ${head.block}` : 'not read yet'],
      ['Slot', slot ? `${slot.slot}${slot.committed ? ', committed' : ''}` : null],
    ]),
  )
}

export function chainsCard(stored, because, now) {
  const chains = stored?.chains ?? []
  return h(
    'article',
    { class: 'card' },
    h('div', { class: 'head' }, h('h2', null, 'Chains')),
    stored === null && none(because),
    stored && chains.length === 0 && none('no block has been read yet'),
    chains.map(chain =>
      h(
        'dl',
        null,
        rows([
          [
            chain.name,
            h(
              'span',
              null,
              'head ',
              number(chain.head),
              h('span', { class: 'quiet' }, ` ${age(chain.updatedAt, now)} ago`),
            ),
          ],
          ...chain.sources.map(source => [source.name, source.behind === '0' ? 'in step' : `${source.behind} behind`]),
        ]),
      ),
    ),
  )
}

export function poolCard(pool, now) {
  return h(
    'article',
    { class: 'card' },
    h('div', { class: 'head' }, h('h2', null, 'Pool')),
    pool
      ? h(
          'dl',
          null,
          rows([
            [
              'Waiting',
              h(
                'span',
                null,
                number(pool.pending),
                pool.oldestPendingAt ? h('span', { class: 'quiet' }, ` oldest ${age(pool.oldestPendingAt, now)}`) : '',
              ),
            ],
            ['In batches', number(pool.forging)],
            ['Forged', number(pool.forged)],
            ['Invalid', number(pool.invalid)],
            ['L1 waiting', number(pool.l1Waiting)],
            ['Accounts', number(pool.accounts)],
          ]),
        )
      : none('not known yet'),
  )
}
