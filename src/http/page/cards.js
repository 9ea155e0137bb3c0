/* oxlint-disable typescript/no-unsafe-argument -- plain JavaScript, served to the browser as it is */
/** The cards on top: each role and what it does now, how far the chains are read. */
import { age, h, none, number, pill, rows } from './dom.js'

/** `part`: what the role's own script says of it; null without one. */
export function roleCard(role, control, part, onControl) {
  const paused = control?.paused ?? false
  const state = paused ? 'paused' : (part?.state ?? role.state)
  const verb = paused ? 'resume' : 'pause'
  const because = part?.because ?? role.because ?? role.summary
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
    part?.facts && h('dl', null, rows(part.facts)),
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
