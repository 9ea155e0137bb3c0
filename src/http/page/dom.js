/* oxlint-disable typescript/no-unsafe-argument -- plain JavaScript, served to the browser as it is */
/**
 * The small change of the page: elements, states and their colours, ages. Nothing from the API is ever read as HTML.
 */

/** An element; strings become text, null and false nothing. Attributes whose value is null or false are left out. */
export function h(tag, attributes, ...children) {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === false || value === undefined) continue
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value)
    else element.setAttribute(name, value === true ? '' : String(value))
  }
  element.append(...children.flat(3).filter(child => child !== null && child !== undefined && child !== false))
  return element
}

const TONES = {
  running: 'ok',
  finalized: 'ok',
  'finalized-by-other': 'ok',
  ready: 'ok',
  idle: 'ok',
  final: 'ok',
  confirmed: 'ok',
  starting: 'busy',
  busy: 'busy',
  proving: 'busy',
  discovered: 'busy',
  submitted: 'busy',
  built: 'busy',
  proven: 'busy',
  sent: 'busy',
  mined: 'busy',
  queued: 'busy',
  waiting: 'wait',
  restarting: 'wait',
  paused: 'wait',
  stopping: 'wait',
  cancelling: 'wait',
  booting: 'wait',
  parked: 'bad',
  failed: 'bad',
  reverted: 'bad',
  down: 'bad',
}
export const tone = state => TONES[state] ?? 'muted'
export const pill = state => h('span', { class: `pill ${tone(state)}` }, state)

const UNITS = [
  [86_400, 'd'],
  [3600, 'h'],
  [60, 'min'],
  [1, 's'],
]
/** `12 s`, `3 min`; the empty string for no time. */
export function age(iso, now) {
  if (!iso) return ''
  const seconds = Math.max(0, (now - Date.parse(iso)) / 1000)
  const [size, unit] = UNITS.find(([each]) => seconds >= each) ?? [1, 's']
  return `${Math.floor(seconds / size)} ${unit}`
}
export const none = text => h('p', { class: 'none' }, text)
export const number = value => h('span', { class: 'number' }, Number(value).toLocaleString('en'))
export const rows = pairs =>
  pairs.filter(([, value]) => value !== null).flatMap(([name, value]) => [h('dt', null, name), h('dd', null, value)])

/**
 * A table. A column is its title and, if it goes first when there is little room, `optional`; a row is its cells, or
 * `{ title, cells }` to show more on hover. A cell may be `{ class, content }`.
 */
export function table(columns, lines) {
  const optional = index => (columns[index]?.[1] === 'optional' ? 'optional' : '')
  const cell = (content, index) =>
    content?.content === undefined
      ? h('td', { class: optional(index) || null }, content)
      : h('td', { class: `${content.class} ${optional(index)}`.trim() }, content.content)
  const head = columns.map(([title], index) => h('th', { class: optional(index) || null, scope: 'col' }, title))
  const body = lines.map(line => h('tr', { title: line.title ?? null }, (line.cells ?? line).map(cell)))
  return h('div', { class: 'scroll' }, h('table', null, h('thead', null, h('tr', null, head)), h('tbody', null, body)))
}
