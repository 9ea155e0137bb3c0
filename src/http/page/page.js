/* oxlint-disable typescript/no-unsafe-argument -- plain JavaScript, served to the browser as it is */
/**
 * Keeps the page up to date: asks the API every second, shows what it says, and says so when it says nothing.
 * The session cookie only reads; pausing and resuming asks for the operator token, which is kept until the page is left.
 */
import { chainsCard, roleCard } from './cards.js'
import * as ui from './dom.js'
import { transactionTable } from './transactions.js'
import { treeList } from './tree.js'

const EVERY_MS = 1000
const PATIENCE_MS = 5000
const $ = id => document.getElementById(id)

/** Answers what the API says, null when there is no such route or it cannot tell just now. */
async function ask(path) {
  const answer = await fetch(path, {
    signal: AbortSignal.timeout(PATIENCE_MS),
    headers: { accept: 'application/json' },
  })
  if (answer.status === 401) location.replace('/')
  return answer.ok ? answer.json() : null
}

/** Replaces what is shown only when it is different, so that nothing flickers and a selection survives. */
function show(id, ...content) {
  const place = $(id)
  const next = document.createElement('div')
  next.append(...content)
  if (next.innerHTML !== place.innerHTML) place.replaceChildren(...next.childNodes)
}

const scripts = new Map()
/** A role's own part of the page, loaded once; null for a role without one. */
async function scriptOf({ name, page }) {
  if (page !== null && !scripts.has(name)) scripts.set(name, await import(page))
  return scripts.get(name) ?? null
}

/** What a role's part shows now; null for a role without one. */
async function partOf(role, now, get) {
  const script = await scriptOf(role)
  if (script === null) return null
  const answers = await Promise.all(Object.entries(script.reads).map(async ([name, path]) => [name, await get(path)]))
  return script.view(Object.fromEntries(answers), now, ui)
}

async function read() {
  const status = await ask('/v1/status')
  if (status === null) throw new Error('the daemon answers with an error')
  const now = Date.parse(status.now)
  // While the database is away nothing else of it is asked for: it would only hang.
  const askStored = status.stored === null ? async () => null : ask
  const [tree, transactions, ...parts] = await Promise.all([
    ask('/v1/tree'),
    askStored('/v1/transactions?open=true&limit=12'),
    ...status.roles.map(role => partOf(role, now, askStored)),
  ])
  return { status, now, tree, transactions, parts }
}

/** The first few names; the rest is in the title. */
const shortList = names =>
  names.length > 3 ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more` : names.join(', ')

/** A box with a title. `class` is `card`, or `card wide`. */
const panel =
  name =>
  ({ title, content }) =>
    ui.h('section', { class: name }, ui.h('h2', null, title), content)

function render({ status, now, tree, transactions, parts }) {
  const failing = status.checks.filter(check => !check.ok)
  const ready = $('ready')
  ready.className = `pill ${status.ready ? 'ok' : 'wait'}`
  ready.textContent = status.ready ? 'ready' : `waiting for ${shortList(failing.map(check => check.name))}`
  ready.title = failing.map(check => `${check.name}: ${check.detail}`).join('\n')
  $('version').textContent = status.version
  document.title = `${status.ready ? '' : '! '}Forgekeeper`
  const control = role => status.stored?.controls.find(of => of.role === role) ?? null
  const all = name => parts.flatMap(part => part?.[name] ?? [])
  show(
    'roles',
    ...status.roles.map((role, index) => roleCard(role, control(role.name), parts[index], openControl)),
    chainsCard(status.stored, status.notStoredBecause, now),
    ...all('cards').map(panel('card')),
  )
  show('wide', ...all('wide').map(panel('card wide')))
  const inFlight = { title: 'Transactions in flight', content: transactionTable(transactions?.transactions, now) }
  show('narrow', ...[...all('narrow'), inFlight].map(panel('card')))
  if (tree) show('tree', treeList(tree.root, Date.parse(tree.takenAt)))
}

let lostAt = null
function connected(yes) {
  lostAt = yes ? null : (lostAt ?? new Date())
  $('content').classList.toggle('stale', !yes)
  $('content').setAttribute('aria-busy', 'false')
  $('banner').hidden = yes
  if (!yes)
    $('banner').textContent = `No answer since ${lostAt.toLocaleTimeString()}; what is shown is old. Trying again.`
}

async function round() {
  try {
    render(await read())
    connected(true)
  } catch {
    connected(false)
  }
  setTimeout(again, EVERY_MS)
}

/** A page that nobody looks at asks nothing. */
function again() {
  if (document.hidden) document.addEventListener('visibilitychange', again, { once: true })
  else void round()
}

let wanted = null
function openControl(role, verb) {
  wanted = { role, verb }
  $('control-title').textContent = `${verb === 'pause' ? 'Pause' : 'Resume'} the ${role}`
  $('control-text').textContent =
    verb === 'pause'
      ? 'What is in flight is finished; nothing new is started, also after a restart.'
      : 'It starts again with the next look.'
  $('control-submit').textContent = verb === 'pause' ? 'Pause' : 'Resume'
  $('control-error').hidden = true
  $('control').showModal()
}

async function sendControl() {
  const reason = $('control-reason').value.trim()
  const error = $('control-error')
  try {
    const answer = await fetch(`/v1/${wanted.role}/${wanted.verb}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${$('control-token').value.trim()}`, 'content-type': 'application/json' },
      body: JSON.stringify(reason ? { reason } : {}),
    })
    if (answer.ok) {
      $('control-reason').value = ''
      return $('control').close()
    }
    const problem = await answer.json()
    error.textContent = `${problem.detail} (${problem.code})`
  } catch {
    error.textContent = 'The daemon does not answer.'
  }
  error.hidden = false
}

$('control')
  .querySelector('form')
  .addEventListener('submit', event => {
    event.preventDefault()
    void sendControl()
  })
$('control-cancel').addEventListener('click', () => $('control').close())
void round()
