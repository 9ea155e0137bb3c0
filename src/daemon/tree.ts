/**
 * The daemon's tree (DESIGN, section 6). Left starts first and stops last.
 */
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { AccountConfig } from '../config/core.ts'
import { nodeCron } from '../actors/platform/cron.ts'
import { database } from '../actors/platform/database.ts'
import { housekeeping, housekeepingActor } from '../actors/platform/housekeeping.ts'
import { kernelSweeps } from '../actors/platform/retention.ts'
import { schedules, schedulesActor } from '../actors/platform/schedules.ts'
import { ref } from '../actors/kit/ref.ts'
import { txManagerOf } from '../actors/lanes/tx-manager-messages.ts'
import { txManager } from '../actors/lanes/tx-manager.ts'
import type { AccountEntry } from '../actors/lanes/tx/lane.ts'
import { txMetrics } from '../actors/lanes/tx/metrics.ts'
import { httpActor } from '../http/http-actor.ts'
import { buildServer } from '../http/server.ts'
import type { Schedule } from '../role.ts'
import { supervisor, worker } from '../supervisors/child.ts'
import type { ChildSpec, SupervisorSpec } from '../supervisors/spec.ts'
import type { Parts } from './parts.ts'
import { chainTree } from './chains.ts'
import { readiness } from './readiness.ts'
import { VERSION } from './version.ts'

const LEASE_MS = 10_000
const SEND_TIMEOUT_MS = 10_000
const SEND_WINDOW = 64

export function daemonTree(parts: Parts): SupervisorSpec {
  const roles = supervisor({
    id: 'roles',
    strategy: 'one-for-one',
    whenExceeded: 'park',
    children: parts.entries.map(({ role, context }) => role.tree(context)),
  })
  const beside = parts.demo?.parts.flatMap(part => part.beside) ?? []
  return supervisor({
    id: 'root',
    strategy: 'one-for-one',
    intensity: 10,
    period: 60,
    children: [
      httpChild(parts),
      platform(parts),
      ...(beside.length === 0 ? [] : [supervisor({ id: 'demo', strategy: 'one-for-one', children: beside })]),
      roles,
      schedulesChild(parts),
    ],
  })
}

function platform(parts: Parts): SupervisorSpec {
  const { url, poolSize } = parts.loaded.config.database
  const databaseChild = worker({
    id: 'database',
    actor: database,
    shutdown: 8_000,
    backoff: parts.backoff,
    args: () => ({
      port: parts.database,
      url: url ?? null,
      folder: join(parts.folder, 'postgres'),
      poolSize,
      schemas: parts.schemas,
    }),
  })
  return supervisor({
    id: 'platform',
    strategy: 'rest-for-one',
    ...parts.limits,
    children: [
      databaseChild,
      ...[...parts.chains].map(([name, chain]) => chainTree(parts, name, chain)),
      ...Object.entries(parts.loaded.config.accounts).map(([name, account]) => laneChild(parts, name, account)),
      housekeepingChild(parts),
    ],
  })
}

function housekeepingChild({ database: port, entries, loaded, backoff }: Parts): ChildSpec {
  const sweeps = [
    ...kernelSweeps(loaded.config.retention),
    ...entries.flatMap(({ role, context }) => role.sweeps?.(context) ?? []),
  ]
  return worker({
    id: housekeeping.id,
    actor: housekeepingActor,
    backoff,
    args: () => ({ db: port.orm, sweeps }),
  })
}

/** Last: it only tells others, and they must be there. */
function schedulesChild({ entries, loaded, backoff }: Parts): ChildSpec {
  const { schedule: cron } = loaded.config.retention
  const all = [
    { name: housekeeping.id, cron, fire: send => send(housekeeping, { type: 'sweep' }) } satisfies Schedule,
    ...entries.flatMap(({ role, context }) => role.schedules?.(context) ?? []),
  ]
  return worker({ id: schedules.id, actor: schedulesActor, backoff, args: () => ({ schedules: all, cron: nodeCron }) })
}

function laneChild(parts: Parts, name: string, account: AccountConfig): ChildSpec {
  const { tx } = parts.loaded.config
  const chain = parts.chains.get(account.chain)
  const signer = parts.signers.get(name)
  if (!chain || !signer) throw new Error(`accounts.${name} has no chain or no key`) // the configuration was checked
  return worker({
    id: txManagerOf(account.chain, name).id,
    actor: txManager,
    backoff: parts.backoff,
    args: () => ({
      chain: account.chain,
      account: name,
      chainId: chain.config.chainId,
      db: parts.database.orm,
      rpc: chain.lane,
      signer,
      limits: {
        maxFeePerGasWei: account.maxFee ?? tx.maxFee,
        maxPriorityFeePerGasWei: tx.maxPriorityFee,
        minPriorityFeePerGasWei: tx.minPriorityFee,
        maxFeePerBlobGasWei: tx.maxBlobFee,
        bumpPercent: tx.bumpPercent,
        bumpAfterMs: tx.bumpAfter,
        maxInFlight: account.maxInFlight ?? tx.maxInFlight,
        gasMarginPercent: tx.gasMarginPercent,
      },
      policy: {
        modeOf: role => tx.roles[role]?.mode ?? tx.mode,
        accountBudgetWei: account.dailyBudget ?? tx.dailyBudget ?? null,
        roleBudgetWei: role => tx.roles[role]?.dailyBudget ?? null,
      },
      accounts: accountEntries(parts),
      funds: { runwayWarningMs: tx.runwayWarning, minBalanceWei: account.minBalance ?? 0n },
      blobs: chain.blobs,
      ...(chain.config.finality !== undefined && { finality: chain.config.finality }),
      holder: `${hostname()}:${parts.folder}`,
      leaseMs: LEASE_MS,
      tickMs: tx.checkInterval,
      sendTimeoutMs: SEND_TIMEOUT_MS,
      sendWindow: SEND_WINDOW,
      listener: role => ref(`${role}/coordinator`),
      metrics: txMetrics(parts.metrics),
    }),
  })
}

/** Every account of this daemon, as those who wish may know it. */
const accountEntries = ({ loaded: { config }, signers }: Parts): AccountEntry[] =>
  Object.entries(config.accounts).flatMap(([name, { chain, dailyBudget }]) => {
    const signer = signers.get(name)
    const dailyBudgetWei = dailyBudget ?? config.tx.dailyBudget ?? null
    return signer ? [{ chain, name, address: signer.address, signer: signer.source, dailyBudgetWei }] : []
  })

function httpChild(parts: Parts): ChildSpec {
  const { http } = parts.loaded.config
  let { port } = http
  return worker({
    id: 'http',
    actor: httpActor,
    shutdown: 2_000,
    backoff: parts.backoff,
    args: () => ({
      host: http.host,
      port,
      onListening: url => {
        port = Number(new URL(url).port || port) // a free one was taken: the next incarnation is found at the same place
        parts.onListening(url)
      },
      build: () =>
        buildServer({
          snapshot: () => parts.system().snapshot(),
          orm: parts.database.orm,
          readiness: () => readiness(parts),
          metrics: parts.metrics,
          tokens: parts.tokens,
          roles: parts.entries,
          tellLane: (chain, account, ask) => parts.system().send(txManagerOf(chain, account), ask),
          poke: role => parts.system().send(ref<{ type: 'look' }>(`${role}/coordinator`), { type: 'look' }),
          clock: parts.clock,
          log: parts.log,
          version: VERSION,
          limits: { bodyLimit: http.bodyLimit, rateLimit: http.rateLimit },
        }),
    }),
  })
}
