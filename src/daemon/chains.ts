/**
 * The configured chains as ports, and their actors.
 */
import type { ChainConfig } from '../config/core.ts'
import type { ChainNews } from '../actors/chain/messages.ts'
import { createRpc, type Rpc } from '../actors/chain/rpc.ts'
import { rpcActor } from '../actors/chain/rpc-actor.ts'
import { scanner } from '../actors/chain/scanner.ts'
import { synchronizer } from '../actors/chain/synchronizer.ts'
import type { Ref } from '../actors/kit/ref.ts'
import { txManagerOf } from '../actors/lanes/tx-manager-messages.ts'
import { demoNode, type DemoNodeArgs } from '../demo/node.ts'
import { supervisor, worker } from '../supervisors/child.ts'
import type { ChildSpec, SupervisorSpec } from '../supervisors/spec.ts'
import { kzgProver } from '../actors/lanes/tx/kzg.ts'
import type { LaneRpc } from '../actors/lanes/tx/lane.ts'
import { join } from 'node:path'
import type { AssembleOptions, OpenChain, Parts } from './parts.ts'

const PROBE_MS = 15_000

type ChainOptions = Pick<AssembleOptions, 'loaded' | 'clock' | 'random' | 'log' | 'metrics'>

/** Clients for every chain; nothing is asked of them yet. */
export function openChains({ loaded, clock, random, log, metrics }: ChainOptions): ReadonlyMap<string, OpenChain> {
  const open = (name: string, config: ChainConfig): OpenChain => {
    const rpc = createRpc({
      name,
      urls: config.rpc,
      quorum: config.quorum,
      ...(config.send !== undefined && { sendUrls: config.send }),
      ...(config.ws !== undefined && { wsUrl: config.ws }),
      chainId: config.chainId,
      clock,
      random,
      log: log.with({ chain: name }),
      metrics,
      requestTimeoutMs: config.timeout,
    })
    const { confirmations, chainId } = config
    return {
      config,
      rpc,
      port: { name, chainId, client: rpc.client, confirmations },
      lane: laneRpc(rpc, config),
      blobs: kzgProver(config.blobProofs),
    }
  }
  return new Map(Object.entries(loaded.config.chains).map(([name, config]) => [name, open(name, config)]))
}

/** With a quorum no endpoint alone is asked for receipts: what it says would count for more than the quorum's word. */
const laneRpc = (rpc: Rpc, { send, publicAfter, quorum }: ChainConfig): LaneRpc => ({
  client: rpc.client,
  critical: rpc.critical,
  sendRaw: (raw, everywhere = false) => {
    const to = (endpoints: 'all' | 'senders'): Promise<unknown> =>
      rpc.send('eth_sendRawTransaction', [raw], { endpoints })
    return everywhere && send !== undefined ? firstOf([to('senders'), to('all')]) : to('senders')
  },
  publicAfterMs: send === undefined ? null : (publicAfter ?? null),
  endpoints: quorum > 1 ? [] : rpc.each,
})

/** The first that succeeds; else what the first one said. */
const firstOf = (answers: readonly Promise<unknown>[]): Promise<unknown> =>
  Promise.any(answers).catch((none: unknown) => {
    throw none instanceof AggregateError ? none.errors[0] : none
  })

/** `chain:NAME`: in the demo its node and contracts, then rpc, synchronizer and scanner. */
export function chainTree(parts: Parts, name: string, { config, rpc }: OpenChain): SupervisorSpec {
  const subscriptions = parts.entries.flatMap(({ role, context }) =>
    role.subscriptions(context).filter(subscription => subscription.chain === name),
  )
  const sources = subscriptions.flatMap(subscription => subscription.sources)
  const lanes = Object.entries(parts.loaded.config.accounts)
    .filter(([, account]) => account.chain === name)
    .map(([account]): Ref<ChainNews> => txManagerOf(name, account))
  const subscribers = [...lanes, ...subscriptions.flatMap(subscription => subscription.subscribers)]
  const shared = { chain: name, rpc, db: parts.database.orm, sources, metrics: parts.metrics }
  const { pollInterval, reorgLimit, startBlock, logRange } = config
  return supervisor({
    id: `chain:${name}`,
    strategy: 'rest-for-one',
    ...parts.limits,
    children: [
      ...demoChildren(parts, name),
      worker({ id: `rpc:${name}`, actor: rpcActor, args: () => ({ rpc, probeMs: PROBE_MS }), backoff: parts.backoff }),
      worker({
        id: `synchronizer:${name}`,
        actor: synchronizer,
        args: () => ({ ...shared, pollMs: pollInterval, reorgLimit }),
        backoff: parts.backoff,
      }),
      worker({
        id: `scanner:${name}`,
        actor: scanner,
        args: () => ({ ...shared, subscribers, startBlock: BigInt(startBlock), logRange }),
        backoff: parts.backoff,
      }),
    ],
  })
}

function demoChildren({ demo, folder, backoff }: Parts, name: string): readonly ChildSpec[] {
  if (demo === null || name !== 'local') return []
  const { chainPort: port, parts } = demo
  const stateFile = join(folder, 'chain', 'state.json')
  const args = (): DemoNodeArgs => ({ port: port ?? 0, stateFile, blockTimeSeconds: 1 })
  const node = worker({ id: `node:${name}`, actor: demoNode, args, backoff, shutdown: 8_000 })
  return [...(port === null ? [] : [node]), ...parts.flatMap(({ onChain }) => onChain)]
}
