/**
 * The demo's mock provers as an actor: real HTTP servers on ports of loopback.
 */
import { defineActor } from '../../kit/actor.ts'
import { runMockProver, type MockProver } from '../mock-prover.ts'

export interface DemoProversArgs {
  readonly ports: readonly number[]
  readonly delayMs: number
}

export const demoProvers = defineActor<DemoProversArgs, { readonly type: 'look' }, readonly MockProver[]>({
  kind: 'forger/demo-provers',
  start: ({ ports, delayMs }, ctx) =>
    Promise.all(
      ports.map((port, seed) => runMockProver({ port, delayMs, failRate: 0, hangRate: 0, seed, log: ctx.log })),
    ),
  receive: state => state,
  stop: async servers => void (await Promise.all(servers.map(server => server.close()))),
})
