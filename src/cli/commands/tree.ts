/**
 * `tree`: the supervision tree as it is now.
 */
import type { TreeSnapshot } from '../../supervisors/snapshot.ts'
import { openClient, type ClientOptions } from '../client.ts'
import { remote, runs, type Register } from '../command.ts'
import { show } from '../context.ts'
import { UnexpectedAnswerError } from '../errors.ts'
import { isRecord } from '../render.ts'
import { drawTree } from '../tree.ts'

export const tree: Register = (program, session) => {
  const { io } = session
  const own = remote('tree', 'draw the supervision tree')
  runs<ClientOptions>(session, own, async options => {
    const client = await openClient(io, options)
    const answer = await client.get('/v1/tree')
    if (!isSnapshot(answer)) throw new UnexpectedAnswerError(`${client.url}/v1/tree is no tree`)
    show(io, options, answer, () => drawTree(answer, io.clock.now()))
    return 0
  })
  program.addCommand(own)
}

/** The daemon serves `TreeSnapshot` itself; the root and the list tell it from anything else. */
const isSnapshot = (answer: unknown): answer is TreeSnapshot =>
  isRecord(answer) &&
  isRecord(answer['root']) &&
  Array.isArray(answer['root']['children']) &&
  Array.isArray(answer['deadLetters'])
