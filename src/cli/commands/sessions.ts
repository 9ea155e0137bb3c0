/**
 * `sessions`: the finalizer's sessions, newest first, each with what happens next and why not yet.
 */
import { openClient, type ClientOptions } from '../client.ts'
import { remote, runs, type Register } from '../command.ts'
import { show } from '../context.ts'
import { whole } from '../numbers.ts'
import { renderPage } from '../render.ts'

const COLUMNS = ['subject', 'family', 'state', 'deadline', 'submissions', 'outcome', 'next', 'because']
const FILTERS = ['state', 'family', 'chain', 'before'] as const

interface Options extends ClientOptions, Readonly<Partial<Record<(typeof FILTERS)[number], string>>> {
  readonly limit: number
  readonly open?: boolean
}

export const sessions: Register = (program, session) => {
  const { io } = session
  const own = remote('sessions', 'list the latest sessions of the finalizer')
    .option('--limit <count>', 'how many to list', whole(1, 200), 20)
    .option('--open', 'only those that are not settled')
    .option('--state <state>', 'only those in this state')
    .option('--family <family>', 'specimen or result')
    .option('--chain <id>', 'only those of blocks of this chain')
    .option('--before <cursor>', 'only older ones; the cursor of the page before')
  runs<Options>(session, own, async options => {
    const client = await openClient(io, options)
    const query = new URLSearchParams({ limit: String(options.limit) })
    if (options.open === true) query.set('open', 'true')
    for (const key of FILTERS) if (options[key] !== undefined) query.set(key, options[key])
    const answer = await client.get(`/v1/finalizer/sessions?${query.toString()}`)
    show(io, options, answer, () => renderPage(answer, COLUMNS, io.clock.now()))
    return 0
  })
  program.addCommand(own)
}
