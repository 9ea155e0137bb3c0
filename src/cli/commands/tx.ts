/**
 * `tx list` and `tx show ID`: transactions the daemon wants, sends and has sent.
 */
import { Command } from 'commander'
import { openClient, type ClientOptions } from '../client.ts'
import { remote, runs, type Register } from '../command.ts'
import { show } from '../context.ts'
import { whole } from '../numbers.ts'
import { listIn, renderAny, renderList } from '../render.ts'

const COLUMNS = ['id', 'key', 'state', 'account', 'nonce', 'hash', 'txHash', 'attempts', 'because', 'createdAt']

interface ListOptions extends ClientOptions {
  readonly limit: number
  readonly state?: string
}

export const tx: Register = (program, session) => {
  const { io } = session
  const list = remote('list', 'list the latest transactions')
    .option('--limit <count>', 'how many to list', whole(1, 1000), 20)
    .option('--state <state>', 'only those in this state')
  runs<ListOptions>(session, list, async options => {
    const client = await openClient(io, options)
    const query = new URLSearchParams({ limit: String(options.limit), ...(options.state && { state: options.state }) })
    const answer = await client.get(`/v1/transactions?${query.toString()}`)
    const rows = listIn(answer)
    const now = io.clock.now()
    show(io, options, answer, () => (rows === null ? renderAny(answer, now) : renderList(rows, COLUMNS, now)))
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
