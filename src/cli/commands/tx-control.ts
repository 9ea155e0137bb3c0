/**
 * The commands that change a transaction. Each leaves an audit row that names the token.
 */
import type { Command } from 'commander'
import { parseWei } from '../../config/units.ts'
import { openClient, type ClientOptions } from '../client.ts'
import { remote, runs, type Session } from '../command.ts'
import { show } from '../context.ts'
import { UsageError } from '../errors.ts'
import { isRecord, renderAny } from '../render.ts'

interface ChangeOptions extends ClientOptions {
  readonly reason?: string
  readonly value?: string
  readonly gasLimit?: string
  readonly maxFee?: string
  readonly notAfter?: string
}

const SUMMARIES = {
  bump: 'offer a better price for a transaction in the pool now',
  cancel: 'take a transaction back: at once, or with a no-op at its nonce',
  approve: 'let a parked transaction be sent, as it is or edited',
  reject: 'end a parked transaction without sending it',
} as const

/** `bump`, `cancel`, `approve` and `reject`. */
export const changes = (session: Session): Command[] =>
  (['bump', 'cancel', 'approve', 'reject'] as const).map(verb => change(session, verb))

function change(session: Session, verb: keyof typeof SUMMARIES): Command {
  const { io } = session
  const command = remote(verb, SUMMARIES[verb])
    .argument('<id>', 'its id or key, or the hash of a signed version')
    .option('--reason <text>', 'why; kept in the audit and shown')
  if (verb === 'approve') {
    command
      .option('--value <amount>', 'send this value instead, for example "0.1 ether"')
      .option('--gas-limit <gas>', 'its gas when nothing can be estimated, or "none"')
      .option('--max-fee <price>', 'its own fee ceiling per unit of gas, for example "20 gwei", or "none"')
      .option('--not-after <block>', 'the last block it may land in, or "none"')
  }
  return runs<ChangeOptions>(session, command, async (options, [id = '']) => {
    const edit = editOf(options)
    const body = {
      ...(options.reason !== undefined && { reason: options.reason }),
      ...(Object.keys(edit).length > 0 && { edit }),
    }
    const client = await openClient(io, options)
    const answer = await client.post(`/v1/transactions/${encodeURIComponent(id)}/${verb}`, body)
    show(io, options, answer, () => done(answer) ?? renderAny(answer, io.clock.now()))
    return 0
  })
}

function editOf({ value, gasLimit, maxFee, notAfter }: ChangeOptions): Record<string, string | null> {
  return {
    ...(value !== undefined && { value: amount('--value', value) }),
    ...(gasLimit !== undefined && { gasLimit: gasLimit === 'none' ? null : number('--gas-limit', gasLimit) }),
    ...(maxFee !== undefined && { maxFeePerGas: maxFee === 'none' ? null : amount('--max-fee', maxFee) }),
    ...(notAfter !== undefined && { notAfterBlock: notAfter === 'none' ? null : number('--not-after', notAfter) }),
  }
}

function amount(flag: string, text: string): string {
  const wei = parseWei(text)
  if (wei === null) throw new UsageError(`${flag} ${text}: an amount such as "0.5 ether" or "20 gwei" is expected`)
  return wei.toString()
}

function number(flag: string, text: string): string {
  if (!/^[0-9]{1,18}$/.test(text)) throw new UsageError(`${flag} ${text}: a whole number is expected`)
  return text
}

/** `transaction 17 is queued: approved by operator`; null for an unexpected answer. */
function done(answer: unknown): string | null {
  const tx = isRecord(answer) ? answer['transaction'] : null
  if (!isRecord(tx)) return null
  const why = typeof tx['because'] === 'string' ? `: ${tx['because']}` : ''
  return `transaction ${String(tx['id'])} is ${String(tx['state'])}${why}`
}
