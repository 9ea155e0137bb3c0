/* oxlint-disable typescript/no-unsafe-argument -- plain JavaScript, served to the browser as it is */
/** The supervision tree: what runs, what waits and why, what crashed last. */
import { age, h, pill, tone } from './dom.js'

export function treeList(root, now) {
  return h('ul', { class: 'tree' }, treeNode(root, now))
}

function treeNode(node, now) {
  const crash = node.lastCrash
  return h(
    'li',
    { class: node.type },
    h(
      'div',
      { class: 'node' },
      h('span', { class: `dot ${tone(node.state)}`, role: 'img', 'aria-label': node.state, title: node.state }),
      h('b', null, node.id),
      node.type === 'supervisor' && h('span', { class: 'quiet' }, node.kind),
      node.state !== 'running' && pill(node.state),
      node.because && h('span', { class: `why ${tone(node.state)}` }, node.because),
      node.restarts > 0 &&
        h('span', { class: 'quiet' }, `${node.restarts} ${node.restarts === 1 ? 'restart' : 'restarts'}`),
      node.mailbox?.length > 0 && h('span', { class: 'quiet' }, `${node.mailbox.length} waiting`),
      node.busy &&
        node.busy.forMs > 1000 &&
        h('span', { class: 'quiet' }, `${node.busy.message} for ${Math.round(node.busy.forMs / 1000)} s`),
      crash &&
        h(
          'span',
          { class: 'crash' },
          `last crash ${age(crash.at, now)} ago${crash.message ? ` on ${crash.message}` : ''}: ${crash.reason}`,
        ),
    ),
    node.children.length > 0 &&
      h(
        'ul',
        null,
        node.children.map(child => treeNode(child, now)),
      ),
  )
}
