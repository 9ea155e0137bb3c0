/**
 * `provers`: the proof servers, what each is doing and how it has done.
 */
import { openClient, type ClientOptions } from '../client.ts'
import { remote, runs, type Register } from '../command.ts'
import { show } from '../context.ts'
import { listIn, renderAny, renderList } from '../render.ts'

export const provers: Register = (program, session) => {
  const { io } = session
  const own = remote('provers', 'list the proof servers')
  runs<ClientOptions>(session, own, async options => {
    const client = await openClient(io, options)
    const answer = await client.get('/v1/forger/provers')
    const rows = listIn(answer)
    const now = io.clock.now()
    show(io, options, answer, () => (rows === null ? renderAny(answer, now) : renderList(rows, [], now)))
    return 0
  })
  program.addCommand(own)
}
