/**
 * `batches [NUM]`: the latest batches of the forger, or one of them in full.
 */
import { openClient, type ClientOptions } from '../client.ts'
import { remote, runs, type Register } from '../command.ts'
import { show } from '../context.ts'
import { UsageError } from '../errors.ts'
import { whole } from '../numbers.ts'
import { listIn, renderAny, renderList } from '../render.ts'

const COLUMNS = [
  'num',
  'batchNum',
  'state',
  'status',
  'txs',
  'l1',
  'l2',
  'prover',
  'attempts',
  'txHash',
  'createdAt',
  'updatedAt',
]

interface Options extends ClientOptions {
  readonly limit: number
}

export const batches: Register = (program, session) => {
  const { io } = session
  const own = remote('batches', 'list the latest batches, or show one in full')
    .argument('[num]', 'the number of a batch')
    .option('--limit <count>', 'how many to list', whole(1, 1000), 20)
  runs<Options>(session, own, async (options, [num]) => {
    if (num !== undefined && !/^\d+$/.test(num)) throw new UsageError(`${num} is not the number of a batch`)
    const client = await openClient(io, options)
    const answer = await client.get(`/v1/forger/batches${num === undefined ? `?limit=${options.limit}` : `/${num}`}`)
    const now = io.clock.now()
    const rows = num === undefined ? listIn(answer) : null
    show(io, options, answer, () => (rows === null ? renderAny(answer, now) : renderList(rows, COLUMNS, now)))
    return 0
  })
  program.addCommand(own)
}
