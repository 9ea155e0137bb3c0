/**
 * The demo's mock provers as an actor: real HTTP servers on ports of loopback.
 */
import { defineActor } from '../../kit/actor.ts'
import { closing } from '../../kit/closing.ts'
import { runMockProver } from '../mock-prover.ts'

export interface DemoProversArgs {
  readonly ports: readonly number[]
  readonly delayMs: number
}

export const demoProvers = defineActor<DemoProversArgs, { readonly type: 'look' }, () => Promise<void>>({
  kind: 'forger/demo-provers',
  async start({ ports, delayMs }, ctx) {
    const servers = await Promise.all(
      ports.map((port, seed) => runMockProver({ port, delayMs, failRate: 0, hangRate: 0, seed, log: ctx.log })),
    )
    return closing(ctx.signal, () => Promise.all(servers.map(server => server.close())))
  },
  receive: close => close,
  stop: close => close(),
})
