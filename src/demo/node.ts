/**
 * anvil as an actor: it runs for as long as the incarnation lives, and keeps its state in a file.
 */
import { defineActor } from '../actors/kit/actor.ts'
import { startAnvil } from '../embedded/anvil.ts'
import { DEMO_CHAIN_ID, FUNDED_ACCOUNTS } from './world.ts'

export interface DemoNodeArgs {
  readonly port: number
  readonly stateFile: string
  readonly blockTimeSeconds: number
}

type Ended = { readonly type: 'ended'; readonly pid: number; readonly how: string }

const STOP_MS = 5_000

/** Blocks of history that anvil keeps the state of in memory: enough for every view we read, and flat over days. */
const KEPT_STATES = 500

/** When anvil ends by itself that is a crash. */
export const demoNode = defineActor<DemoNodeArgs, Ended, number>({
  kind: 'demo/node',
  async start({ port, stateFile, blockTimeSeconds }, ctx) {
    const args = ['--accounts', String(FUNDED_ACCOUNTS), '--prune-history', String(KEPT_STATES)]
    const anvil = await startAnvil({ port, stateFile, blockTimeSeconds, chainId: DEMO_CHAIN_ID, args, log: ctx.log })
    ctx.own(() => anvil.stop(STOP_MS))
    void anvil.exited.then(({ code, signal }) =>
      ctx.send(ctx.self, { type: 'ended', pid: anvil.pid, how: `code ${code}, signal ${signal}` }),
    )
    return anvil.pid
  },
  receive(own, { pid, how }) {
    if (pid === own) throw new Error(`anvil ended (${how})`)
    return own // news of an anvil that an earlier incarnation has stopped
  },
})
