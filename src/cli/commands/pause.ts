/**
 * `pause` and `resume`: a paused role finishes what is in flight and starts nothing new; it survives a restart.
 */
import { openClient, type ClientOptions } from '../client.ts'
import { remote, runs, type Register } from '../command.ts'
import { show } from '../context.ts'
import { roleWords } from '../role-words.ts'

interface Options extends ClientOptions {
  readonly role: string
  readonly reason?: string
}

const change =
  (verb: 'pause' | 'resume', summary: string): Register =>
  (program, session) => {
    const { io } = session
    const own = remote(verb, summary)
      .option('--role <name>', 'the role', 'forger')
      .option('--reason <text>', 'why; kept and shown')
    runs<Options>(session, own, async options => {
      const client = await openClient(io, options)
      const body = options.reason === undefined ? {} : { reason: options.reason }
      const answer = await client.post(`/v1/${encodeURIComponent(options.role)}/${verb}`, body)
      show(io, options, answer, () => roleWords(answer, io.clock.now()))
      return 0
    })
    program.addCommand(own)
  }

export const pause = change('pause', 'let a role finish what is in flight and start nothing new')
export const resume = change('resume', 'let a paused role go on')
