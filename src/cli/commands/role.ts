/**
 * `role pause|resume|run-once NAME`: what a person may ask of a role. A paused role finishes what is in flight and starts
 * nothing new; that survives a restart. One pass can be asked of a paused role, too.
 */
import { Command } from 'commander'
import { openClient, type ClientOptions } from '../client.ts'
import { remote, runs, type Register, type Session } from '../command.ts'
import { show } from '../context.ts'
import { roleWords } from '../role-words.ts'

interface Options extends ClientOptions {
  readonly reason?: string
}

const VERBS = [
  ['pause', 'let a role finish what is in flight and start nothing new'],
  ['resume', 'let a paused role go on'],
  ['run-once', 'have a role make one pass now, also while it is paused'],
] as const

export const role: Register = (program, session) => {
  const own = new Command('role').description('pause a role, let it go on, or have it make one pass')
  for (const [verb, summary] of VERBS) own.addCommand(asking(session, verb, summary))
  program.addCommand(own)
}

function asking(session: Session, verb: string, summary: string): Command {
  const { io } = session
  const own = remote(verb, summary).argument('<name>', 'the role').option('--reason <text>', 'why; kept and shown')
  return runs<Options>(session, own, async (options, [name = '']) => {
    const client = await openClient(io, options)
    const body = options.reason === undefined ? {} : { reason: options.reason }
    const answer = await client.post(`/v1/${encodeURIComponent(name)}/${verb}`, body)
    show(io, options, answer, () => roleWords(answer, io.clock.now()))
    return 0
  })
}
