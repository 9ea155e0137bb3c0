/**
 * `provers`: the proof servers, what each is doing and how it has done.
 */
import { openClient, type ClientOptions } from '../client.ts'
import { remote, runs, type Register } from '../command.ts'
import { show } from '../context.ts'
import { renderPage } from '../render.ts'

export const provers: Register = (program, session) => {
  const { io } = session
  const own = remote('provers', 'list the proof servers')
  runs<ClientOptions>(session, own, async options => {
    const client = await openClient(io, options)
    const answer = await client.get('/v1/forger/provers')
    show(io, options, answer, () => renderPage(answer, [], io.clock.now()))
    return 0
  })
  program.addCommand(own)
}
