/**
 * The queue over scans of the warehouse, sends, receipts and restarts. What is required is the same for every sequence, and
 * is worked out here from its steps alone:
 *
 * one entry a session; one that is seen closed is settled, ours or not; one that was sent stays sent, whatever the index
 * still says, through a restart, and is confirmed by its receipt without the index; the rest is queued; the cursor has
 * moved to the last row that was read.
 */
import { keccak256, stringToHex, type Hex } from 'viem'
import { Type, type Static } from 'typebox'
import type { SessionId } from '../../../src/actors/finalizer/contracts.ts'
import { closeDue, type CloserRules } from '../../../src/actors/finalizer/closer.ts'
import { storeFacts } from '../../../src/actors/finalizer/facts.ts'
import type { FamilyPlan } from '../../../src/actors/finalizer/families.ts'
import { closingsOfReceipts, settleClosed, takeOutcomes } from '../../../src/actors/finalizer/outcomes.ts'
import { readViewRows, type ViewRow } from '../../../src/actors/finalizer/warehouse-rows.ts'
import { systemClock } from '../../../src/clock.ts'
import type { Orm } from '../../../src/entities/orm.ts'
import type { CaseOutcome } from '../index.ts'
import { difference, eachCase, Numeric, type CaseFile } from './case-files.ts'
import { withDatabases } from './database.ts'
import { policyRules } from './rules.ts'
import { answeringClient } from './scripted-client.ts'

const Row = Type.Object({
  blockId: Numeric,
  chainId: Numeric,
  height: Numeric,
  deadline: Numeric,
  finalizationTx: Type.Optional(Type.Union([Type.String(), Type.Null()])),
})
const Step = Type.Union([
  Type.Object({ do: Type.Literal('scan'), rows: Type.Array(Row) }),
  Type.Object({ do: Type.Literal('sendDone'), chainId: Numeric, height: Numeric }),
  Type.Object({ do: Type.Literal('restart') }),
  /** However the case names a send that came to nothing. */
  Type.Object({ do: Type.Enum(['sendFailed', 'sendRaised', 'sendError']) }),
])
const Case = Type.Object({ startCursor: Numeric, steps: Type.Array(Step, { minItems: 1 }) })
type Step = Static<typeof Step>

const CHAIN = 'observer'
const CONTRACT = '0x4f2e285227d43d9eb52799d0a28299540452446e'
const PLAN: FamilyPlan = {
  family: 'specimen',
  contract: CONTRACT,
  from: 0n,
  heightFloor: 0n,
  blockIdFloor: 0n,
  views: [],
}
const RULES: CloserRules = {
  chain: CHAIN,
  account: 'finalizer',
  from: `0x${'f'.repeat(40)}`,
  generation: '2022',
  plans: [PLAN],
  confirmations: 1,
  policy: policyRules,
}
const HEADS = { head: 1_000_000n, tip: 1_000_000n }

export const queueMachine = (file: CaseFile): AsyncIterable<CaseOutcome> =>
  withDatabases(fresh =>
    eachCase(file, Case, ({ startCursor, steps }) =>
      fresh(async ({ orm }) => {
        const found: unknown[] = []
        const machine = machineOn(orm, BigInt(startCursor))
        for (const step of steps) await machine.take(step)
        found.push(await machine.sessions(), machine.cursor())
        await machine.confirm()
        found.push(await machine.sessions())
        return difference(found, required(steps, BigInt(startCursor)))
      }),
    ),
  )

type Seen = Readonly<Record<string, string>>
const nameOf = (chainId: string | number, height: string | number): string => `${chainId}:${height}`

/** States and number of wishes after the steps, the cursor, and the states once everything sent is confirmed. */
function required(steps: readonly Step[], startCursor: bigint): [Seen, string, Seen] {
  const sent = new Set<string>()
  const known = new Set<string>()
  const closed = new Set<string>()
  let cursor = startCursor
  for (const step of steps) {
    if (step.do === 'sendDone') sent.add(nameOf(step.chainId, step.height))
    if (step.do !== 'scan') continue
    for (const { chainId, height, blockId, finalizationTx } of step.rows) {
      if (BigInt(blockId) <= startCursor) continue
      known.add(nameOf(chainId, height))
      if (finalizationTx != null) closed.add(nameOf(chainId, height))
      if (BigInt(blockId) > cursor) cursor = BigInt(blockId)
    }
  }
  const state = (name: string): string => {
    if (closed.has(name)) return sent.has(name) ? 'finalized, 1 wish' : 'finalized-by-other, 0 wishes'
    return sent.has(name) ? 'submitted, 1 wish' : 'queued, 0 wishes'
  }
  const names = [...known].toSorted()
  const now = Object.fromEntries(names.map(name => [name, state(name)]))
  const later = Object.fromEntries(names.map(name => [name, sent.has(name) ? 'finalized, 1 wish' : state(name)]))
  return [now, String(cursor), later]
}

function machineOn(orm: Orm, startCursor: bigint) {
  let cursor = startCursor
  const clock = systemClock
  const closes = new Map<Hex, SessionId>()
  const rules = { chain: CHAIN, confirmations: 1, plans: [PLAN], policy: policyRules }
  const em = () => orm.em.fork()
  const settle = async (): Promise<void> => {
    const receipts = await closingsOfReceipts(em(), answeringClient({ contract: CONTRACT, closes }), rules)
    await em().transactional(async tx => {
      await takeOutcomes(tx, rules, receipts, clock, 0)
      await settleClosed(tx, rules, HEADS, clock)
    })
  }
  const scan = async (rows: Static<typeof Row>[]): Promise<void> => {
    const views = await Promise.all(rows.filter(row => BigInt(row.blockId) > startCursor).map(row => viewRow(orm, row)))
    const { facts, last } = readViewRows(PLAN, views)
    await em().transactional(tx => storeFacts(tx, CHAIN, facts, new Date(clock.now())))
    if (last !== null && last > cursor) cursor = last
    await settle()
  }
  /** The real pass, with a node that lets only this session through: its wish is then signed, sent and mined. */
  const send = async (chainId: string, height: string): Promise<void> => {
    const only = { chainId: BigInt(chainId), blockHeight: BigInt(height) }
    const client = answeringClient({ contract: CONTRACT, only, closes })
    closes.set(ourTx(chainId, height), only)
    const rest = { unusable: new Map(), paused: null, clock, jitter: 0 }
    await closeDue({ em: em(), client, rules: RULES, heads: HEADS, ...rest })
    await em().execute(
      `update kernel.intent set state = 'mined', nonce = id, mined_hash = ?, mined_block = 999999 where state = 'queued'`,
      [ourTx(chainId, height)],
    )
    await em().execute(
      `insert into kernel.attempt (intent_id, purpose, chain, account, nonce, hash, raw, max_fee_per_gas,
         max_priority_fee_per_gas, gas_limit, state, signed_at)
       select id, 'effect', chain, account, nonce, mined_hash, '0x', 1, 1, 21000, 'mined', now() from kernel.intent i
       where state = 'mined' and not exists (select 1 from kernel.attempt a where a.intent_id = i.id)`,
    )
    await settle()
  }
  return {
    cursor: () => String(cursor),
    take: async (step: Step): Promise<void> => {
      if (step.do === 'scan') return scan(step.rows)
      if (step.do === 'sendDone') return send(String(step.chainId), String(step.height))
      return settle() // nothing is kept in memory: a restart, or what came to nothing, is another look
    },
    /** Everything that was sent has its depth; the index says nothing more. */
    confirm: async (): Promise<void> => {
      await em().execute(`update kernel.intent set state = 'confirmed', settled_at = now() where state = 'mined'`)
      await settle()
    },
    sessions: async (): Promise<Seen> => {
      const rows: { name: string; state: string; wishes: string }[] = await em().execute(
        `select origin_chain_id || ':' || origin_height as name, state,
           (select count(*) from kernel.intent i where i.subject = 'session/' || s.origin_chain_id || ':' || s.origin_height)
             as wishes from finalizer.session s`,
      )
      const shown = rows.map(({ name, state, wishes }) => {
        const queued = ['discovered', 'waiting', 'ready', 'failed'].includes(state) ? 'queued' : state
        return [name, `${queued}, ${wishes} ${wishes === '1' ? 'wish' : 'wishes'}`] as const
      })
      return Object.fromEntries(shown.toSorted(([a], [b]) => (a < b ? -1 : 1)))
    },
  }
}

const hex = (text: string): Hex => keccak256(stringToHex(text))
const ourTx = (chainId: string | number, height: string | number): Hex => hex(`ours ${chainId} ${height}`)

/** The row as the view has it. The transaction of a session that we sent is ours. */
async function viewRow(
  orm: Orm,
  { blockId, chainId, height, deadline, finalizationTx }: Static<typeof Row>,
): Promise<ViewRow> {
  const mine = ourTx(chainId, height)
  const sent = await orm.em.fork().execute('select 1 from kernel.attempt where hash = ?', [mine])
  const final = sent.length > 0 ? mine : hex(String(finalizationTx))
  return {
    start_tx: hex(`start ${chainId} ${height}`).slice(2),
    block_id: String(blockId),
    tx_offset: 0,
    chain_id: String(chainId),
    height: String(height),
    deadline: String(deadline),
    final_tx: finalizationTx == null ? null : final.slice(2),
  }
}
