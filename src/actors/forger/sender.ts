/**
 * Hands proven batches to the tx-manager, in order. An actor of its own, so that a proof waits for no planning and no
 * storing of the batches behind it.
 */
import { openDecisionBook, type DecisionBook } from '../../entities/kernel/decision-book.ts'
import type { Orm } from '../../entities/orm.ts'
import { onDatabase } from '../../entities/outage.ts'
import { defineActor } from '../kit/actor.ts'
import type { Ref } from '../kit/ref.ts'
import type { TxManagerMessage } from '../lanes/tx-manager-messages.ts'
import { forwardProven, type ForwardRules } from './forward.ts'
import { coordinator, type Look } from './messages.ts'

export interface SenderArgs {
  readonly db: () => Orm
  readonly rules: ForwardRules
  readonly lane: Ref<TxManagerMessage>
  /** Told of every batch that was handed on; writes debug files. */
  readonly onStep: (batchId: bigint) => void
}

interface State {
  readonly args: SenderArgs
  readonly book: DecisionBook
}

/** Proofs, blocks and the coordinator poke; this is for the poke that was lost. */
const LOOK_EVERY_MS = 5_000

export const senderActor = defineActor<SenderArgs, Look, State>({
  kind: 'forger/sender',
  mailbox: { capacity: 1, overflow: 'coalesce' },
  start(args, ctx) {
    ctx.every(LOOK_EVERY_MS, { type: 'look' })
    ctx.send(ctx.self, { type: 'look' })
    return { args, book: openDecisionBook(ctx.clock) }
  },
  async receive(state, _look, ctx) {
    const { args, book } = state
    await onDatabase(async () => {
      const { forwarded, refused } = await forwardProven(args.db().em.fork(), args.rules, book, ctx.clock)
      for (const id of forwarded) args.onStep(id)
      if (forwarded.length > 0) ctx.send(args.lane, { type: 'look' })
      if (refused) ctx.send(coordinator, { type: 'StopPipeline', reason: refused.because, failedBatch: refused })
    })
    return state
  },
})
