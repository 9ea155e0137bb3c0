/**
 * `rpc:NAME`: looks at every endpoint of a chain now and then, so that one that is down, lags or is on another chain is
 * known before it is needed. Without any endpoint that answers it waits the outage out, visibly.
 */
import { defineActor } from '../kit/actor.ts'
import type { Look } from './messages.ts'
import type { Rpc } from './rpc.ts'

export interface RpcActorArgs {
  readonly rpc: Rpc
  /** Milliseconds between looks, jittered. */
  readonly probeMs: number
}

/** Ends fatally when every endpoint that answers is on another chain. */
export const rpcActor = defineActor<RpcActorArgs, Look, RpcActorArgs>({
  kind: 'chain/rpc',
  mailbox: { capacity: 4, overflow: 'coalesce' },
  deadlineMs: 120_000,
  start: (args, ctx) => {
    ctx.send(ctx.self, { type: 'look' })
    ctx.every(args.probeMs, { type: 'look' })
    return args
  },
  receive: async args => {
    await args.rpc.verify()
    return args
  },
})
