/**
 * anvil as an actor: it runs for as long as the incarnation lives, and keeps its state in a file.
 */
import { defineActor } from '../actors/kit/actor.ts'
import { closing } from '../actors/kit/closing.ts'
import { startAnvil } from '../embedded/anvil.ts'
import { DEMO_CHAIN_ID, FUNDED_ACCOUNTS } from './world.ts'

export interface DemoNodeArgs {
  readonly port: number
  readonly stateFile: string
  readonly blockTimeSeconds: number
}

interface State {
  readonly pid: number
  readonly close: () => Promise<void>
}

type Ended = { readonly type: 'ended'; readonly pid: number; readonly how: string }

const STOP_MS = 5_000

/** When anvil ends by itself that is a crash. */
export const demoNode = defineActor<DemoNodeArgs, Ended, State>({
  kind: 'demo/node',
  async start({ port, stateFile, blockTimeSeconds }, ctx) {
    const args = ['--accounts', String(FUNDED_ACCOUNTS)]
    const anvil = await startAnvil({ port, stateFile, blockTimeSeconds, chainId: DEMO_CHAIN_ID, args, log: ctx.log })
    void anvil.exited.then(({ code, signal }) =>
      ctx.send(ctx.self, { type: 'ended', pid: anvil.pid, how: `code ${code}, signal ${signal}` }),
    )
    return { pid: anvil.pid, close: closing(ctx.signal, () => anvil.stop(STOP_MS)) }
  },
  receive(state, { pid, how }) {
    if (pid === state.pid) throw new Error(`anvil ended (${how})`)
    return state // news of an anvil that an earlier incarnation has stopped
  },
  stop: ({ close }) => close(),
})
