/**
 * The role of the measurements: it wishes what it is told to, a group in each transaction, and acknowledges what became
 * of it, as every role does.
 */
import { defineActor, type Context } from '../../src/actors/kit/actor.ts'
import { ref } from '../../src/actors/kit/ref.ts'
import { txManagerOf } from '../../src/actors/lanes/tx-manager-messages.ts'
import { acknowledge, untold, wishAll } from '../../src/actors/lanes/wish.ts'
import type { Orm } from '../../src/entities/orm.ts'
import { defineRole, type Role } from '../../src/role.ts'
import { supervisor, worker } from '../../src/supervisors/child.ts'
import { Type } from 'typebox'
import { ROLE, wishOf } from './wishes.ts'
import { ACCOUNT, CHAIN } from './world.ts'

export type CallerMessage =
  | { readonly type: 'look' }
  | { readonly type: 'wish'; readonly from: number; readonly count: number; readonly confirmations: number }

export const caller = ref<CallerMessage>(`${ROLE}/coordinator`)

interface Args {
  readonly orm: () => Orm
  readonly onTold: (count: number) => void
}

/** Wishes of one transaction. */
const GROUP = 100

const callerActor = defineActor<Args, CallerMessage, Args>({
  kind: `${ROLE}/coordinator`,
  mailbox: { capacity: 100_000, overflow: 'reject' },
  start: args => args,
  async receive(args, message, ctx) {
    if (message.type === 'wish') await wishMany(args, message, ctx)
    else await listen(args, ctx)
    return args
  },
})

async function wishMany(
  { orm }: Args,
  { from, count, confirmations }: CallerMessage & { type: 'wish' },
  ctx: Context<CallerMessage>,
): Promise<void> {
  for (let at = from; at < from + count; at += GROUP) {
    const numbers = Array.from({ length: Math.min(GROUP, from + count - at) }, (_, index) => at + index)
    const wishes = numbers.map(number => ({ ...wishOf(number), confirmations }))
    await orm()
      .em.fork()
      .transactional(em => wishAll(em, wishes, ctx.clock))
    ctx.send(txManagerOf(CHAIN, ACCOUNT), { type: 'look' })
  }
}

async function listen({ orm, onTold }: Args, ctx: Context<CallerMessage>): Promise<void> {
  const told = await orm()
    .em.fork()
    .transactional(async em => {
      const settled = await untold(em, ROLE)
      await acknowledge(em, settled, ctx.clock)
      return settled.length
    })
  if (told === 0) return
  onTold(told)
  ctx.send(caller, { type: 'look' }) // there may be more than one page of them
}

/** `onTold` hears how many outcomes were acknowledged. */
export const benchRole = (onTold: (count: number) => void): Role =>
  defineRole({
    name: ROLE,
    summary: 'Wishes for transactions as fast as it is told to.',
    config: Type.Object({}),
    schema: { entities: [], migrations: [] },
    tree: ({ orm }) =>
      supervisor({
        id: ROLE,
        strategy: 'one-for-one',
        children: [worker({ id: caller.id, actor: callerActor, args: () => ({ orm, onTold }) })],
      }),
    subscriptions: () => [],
  })
