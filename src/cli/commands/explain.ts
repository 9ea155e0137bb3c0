/**
 * `explain SUBJECT`: what happens next with a batch, a transaction, a session; when; and what is missing.
 */
import { openClient, type ClientOptions } from '../client.ts'
import { remote, runs, type Register } from '../command.ts'
import { show } from '../context.ts'
import { renderAny } from '../render.ts'

export const explain: Register = (program, session) => {
  const { io } = session
  const own = remote('explain', 'say what happens next with a subject, and why not yet').argument(
    '<subject>',
    'for example batch/118',
  )
  runs<ClientOptions>(session, own, async (options, [subject = '']) => {
    const client = await openClient(io, options)
    const answer = await client.get(`/v1/explain/${subject.split('/').map(encodeURIComponent).join('/')}`)
    show(io, options, answer, () => renderAny(answer, io.clock.now()))
    return 0
  })
  program.addCommand(own)
}
