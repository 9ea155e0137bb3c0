/**
 * `status`: is the daemon up, what runs, what waits.
 */
import { openClient, type ClientOptions } from '../client.ts'
import { remote, runs, type Register } from '../command.ts'
import { show } from '../context.ts'
import { renderAny } from '../render.ts'
import { drawStatus } from '../status-text.ts'

export const status: Register = (program, session) => {
  const { io } = session
  const own = remote('status', 'show what runs and what waits')
  runs<ClientOptions>(session, own, async options => {
    const client = await openClient(io, options)
    const answer = await client.get('/v1/status')
    show(io, options, answer, () => drawStatus(answer, io.clock.now()) ?? renderAny(answer, io.clock.now()))
    return 0
  })
  program.addCommand(own)
}
