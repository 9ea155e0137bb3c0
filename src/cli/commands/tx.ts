/**
 * `tx list` and `tx show ID`: transactions the daemon wants, sends and has sent.
 */
import { Command } from 'commander'
import { openClient, type ClientOptions } from '../client.ts'
import { remote, runs, type Register } from '../command.ts'
import { show } from '../context.ts'
import { whole } from '../numbers.ts'
import { renderAny, renderPage } from '../render.ts'

const COLUMNS = ['id', 'state', 'subject', 'chain', 'account', 'nonce', 'minedBlock', 'createdAt', 'because']

interface ListOptions extends ClientOptions {
  readonly limit: number
  readonly state?: string
  readonly before?: string
}

export const tx: Register = (program, session) => {
  const { io } = session
  const list = remote('list', 'list the latest transactions')
    .option('--limit <count>', 'how many to list', whole(1, 200), 20)
    .option('--before <cursor>', 'only older ones; the cursor of the page before')
    .option('--state <state>', 'only those in this state')
  runs<ListOptions>(session, list, async options => {
    const client = await openClient(io, options)
    const query = new URLSearchParams({ limit: String(options.limit) })
    if (options.state !== undefined) query.set('state', options.state)
    if (options.before !== undefined) query.set('before', options.before)
    const answer = await client.get(`/v1/transactions?${query.toString()}`)
    show(io, options, answer, () => renderPage(answer, COLUMNS, io.clock.now()))
    return 0
  })
  const one = remote('show', 'show one transaction with all its attempts').argument('<id>', 'its id or key')
  runs<ClientOptions>(session, one, async (options, [id = '']) => {
    const client = await openClient(io, options)
    const answer = await client.get(`/v1/transactions/${encodeURIComponent(id)}`)
    show(io, options, answer, () => renderAny(answer, io.clock.now()))
    return 0
  })
  program.addCommand(new Command('tx').description('look at transactions').addCommand(list).addCommand(one))
}
