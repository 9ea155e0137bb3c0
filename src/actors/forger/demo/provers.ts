/**
 * The demo's mock provers as an actor: real HTTP servers on ports of loopback.
 */
import { defineActor } from '../../kit/actor.ts'
import { runMockProver } from '../mock-prover.ts'

export interface DemoProversArgs {
  readonly ports: readonly number[]
  readonly delayMs: number
}

export const demoProvers = defineActor<DemoProversArgs, { readonly type: 'look' }, null>({
  kind: 'forger/demo-provers',
  async start({ ports, delayMs }, ctx) {
    for (const [seed, port] of ports.entries()) {
      const server = await runMockProver({ port, delayMs, failRate: 0, hangRate: 0, seed, log: ctx.log })
      ctx.own(() => server.close())
    }
    return null
  },
  receive: state => state,
})
