/**
 * `batches [NUM]`: the latest batches of the forger, or one of them in full.
 */
import { openClient, type ClientOptions } from '../client.ts'
import { remote, runs, type Register } from '../command.ts'
import { show } from '../context.ts'
import { UsageError } from '../errors.ts'
import { whole } from '../numbers.ts'
import { renderAny, renderPage } from '../render.ts'

const COLUMNS = [
  'num',
  'state',
  'l1Batch',
  'l1UserTxs',
  'l1CoordinatorTxs',
  'l2Txs',
  'prover',
  'proverAttempts',
  'createdAt',
  'finalAt',
  'because',
]

interface Options extends ClientOptions {
  readonly limit: number
  readonly before?: string
  readonly state?: string
}

export const batches: Register = (program, session) => {
  const { io } = session
  const own = remote('batches', 'list the latest batches, or show one in full')
    .argument('[num]', 'the number of a batch')
    .option('--limit <count>', 'how many to list', whole(1, 200), 20)
    .option('--state <state>', 'only those in this state')
    .option('--before <cursor>', 'only older ones; the cursor of the page before')
  runs<Options>(session, own, async (options, [num]) => {
    if (num !== undefined && !/^\d+$/.test(num)) throw new UsageError(`${num} is not the number of a batch`)
    const client = await openClient(io, options)
    const now = io.clock.now()
    if (num !== undefined) {
      const batch = await client.get(`/v1/forger/batches/${num}`)
      show(io, options, batch, () => renderAny(batch, now))
      return 0
    }
    const query = new URLSearchParams({ limit: String(options.limit) })
    if (options.state !== undefined) query.set('state', options.state)
    if (options.before !== undefined) query.set('before', options.before)
    const answer = await client.get(`/v1/forger/batches?${query.toString()}`)
    show(io, options, answer, () => renderPage(answer, COLUMNS, now))
    return 0
  })
  program.addCommand(own)
}
