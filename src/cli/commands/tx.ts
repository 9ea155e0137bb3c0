/**
 * `tx list|show|explain`: transactions the daemon wants, sends and has sent. `tx bump|cancel|approve|reject` change them.
 */
import { Command } from 'commander'
import { openClient, type ClientOptions } from '../client.ts'
import { remote, runs, type Register, type Session } from '../command.ts'
import { show } from '../context.ts'
import { whole } from '../numbers.ts'
import { isRecord, renderAny, renderPage } from '../render.ts'
import { changes } from './tx-control.ts'

const COLUMNS = ['id', 'state', 'subject', 'chain', 'account', 'nonce', 'minedBlock', 'createdAt', 'because']

interface ListOptions extends ClientOptions {
  readonly limit: number
  readonly state?: string
  readonly before?: string
  readonly account?: string
  readonly role?: string
}

export const tx: Register = (program, session) => {
  const group = new Command('tx').description('look at transactions, and bump, cancel, approve or reject them')
  for (const command of [list(session), one(session), explain(session), ...changes(session)]) group.addCommand(command)
  program.addCommand(group)
}

function list(session: Session): Command {
  const { io } = session
  const command = remote('list', 'list the latest transactions')
    .option('--limit <count>', 'how many to list', whole(1, 200), 20)
    .option('--before <cursor>', 'only older ones; the cursor of the page before')
    .option('--state <state>', 'only those in this state, for example parked')
    .option('--account <name>', 'only those of this account')
    .option('--role <name>', 'only those of this role')
  return runs<ListOptions>(session, command, async options => {
    const client = await openClient(io, options)
    const query = new URLSearchParams({ limit: String(options.limit) })
    for (const key of ['state', 'before', 'account', 'role'] as const) {
      const value = options[key]
      if (value !== undefined) query.set(key, value)
    }
    const answer = await client.get(`/v1/transactions?${query.toString()}`)
    show(io, options, answer, () => renderPage(answer, COLUMNS, io.clock.now()))
    return 0
  })
}

function one(session: Session): Command {
  const { io } = session
  const command = remote('show', 'show one transaction with all its attempts').argument(...ID)
  return runs<ClientOptions>(session, command, async (options, [id = '']) => {
    const client = await openClient(io, options)
    const answer = await client.get(`/v1/transactions/${encodeURIComponent(id)}`)
    show(io, options, answer, () => renderAny(answer, io.clock.now()))
    return 0
  })
}

function explain(session: Session): Command {
  const { io } = session
  const command = remote('explain', 'say what becomes of a transaction, and what can be done').argument(...ID)
  return runs<ClientOptions>(session, command, async (options, [id = '']) => {
    const client = await openClient(io, options)
    const answer = await client.get(`/v1/transactions/${encodeURIComponent(id)}/explain`)
    show(io, options, answer, () => inWords(answer) ?? renderAny(answer, io.clock.now()))
    return 0
  })
}

/** The sentences of an explanation and the commands that make sense now; null when it is none. */
function inWords(answer: unknown): string | null {
  if (!isRecord(answer) || typeof answer['next'] !== 'string') return null
  const { next, simulation, possible } = answer
  const sentences = [next, ...(typeof simulation === 'string' ? [simulation] : [])]
  const commands = Array.isArray(possible) ? possible.map(command => `  ${String(command)}`) : []
  return [...sentences, ...(commands.length > 0 ? ['', 'possible now:', ...commands] : [])].join('\n')
}

const ID = ['<id>', 'its id or key, or the hash of a signed version'] as const
