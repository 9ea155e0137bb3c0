/** Anything may happen in any order; the rows always tell one story, and in the end every transaction is forged once. */
import test from 'ava'
import * as fc from 'fast-check'
import { Batch } from '../../../src/entities/forger/batch.ts'
import { PoolTx } from '../../../src/entities/forger/pool-tx.ts'
import { RoleControl } from '../../../src/entities/kernel/operations.ts'
import type { Orm } from '../../../src/entities/orm.ts'
import { useForgerDatabase } from '../../support/forger-database.ts'
import { openLine, type Fault, type ForgerLine } from '../../support/forger-line.ts'
import { wrongIn } from '../../support/line-invariants.ts'

const database = useForgerDatabase(test)

type Plain =
  | 'settle'
  | 'forward'
  | 'race-prove'
  | 'race-send'
  | 'prove'
  | 'fail'
  | 'send'
  | 'foreign'
  | 'kill'
  | 'pause'
  | 'resume'
  | 'revert'
type Step =
  | { readonly do: Plain }
  | { readonly do: 'tx' | 'deposit'; readonly user: number }
  | { readonly do: 'mine'; readonly most: number }
  | { readonly do: 'reorg'; readonly depth: number; readonly batches: 'lost' | 'included' }
  | { readonly do: 'slot'; readonly ours: boolean }
  | { readonly do: 'fault'; readonly fault: Fault }

const simple = (...names: readonly Plain[]): fc.Arbitrary<Step> =>
  fc.constantFrom(...names).map((name): Step => ({ do: name }))
const steps = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: simple('settle', 'settle', 'settle', 'forward', 'race-prove', 'race-send') },
    { weight: 4, arbitrary: simple('prove', 'prove', 'send') },
    { weight: 3, arbitrary: fc.nat(2).map((user): Step => ({ do: 'tx', user })) },
    { weight: 2, arbitrary: fc.nat(2).map((user): Step => ({ do: 'deposit', user })) },
    { weight: 3, arbitrary: fc.integer({ min: 0, max: 3 }).map((most): Step => ({ do: 'mine', most })) },
    { weight: 1, arbitrary: simple('fail', 'fail', 'foreign', 'kill', 'pause', 'resume', 'revert') },
    {
      weight: 2,
      arbitrary: fc
        .record({
          depth: fc.integer({ min: 1, max: 4 }),
          batches: fc.constantFrom('lost' as const, 'included' as const),
        })
        .map((reorg): Step => ({ do: 'reorg', ...reorg })),
    },
    { weight: 1, arbitrary: fc.boolean().map((ours): Step => ({ do: 'slot', ours })) },
    {
      weight: 2,
      arbitrary: fc
        .record({ skip: fc.nat(5), when: fc.constantFrom('before' as const, 'after' as const) })
        .map((fault): Step => ({ do: 'fault', fault })),
    },
  ),
  { minLength: 10, maxLength: 40 },
)

async function take(line: ForgerLine, step: Step): Promise<void> {
  switch (step.do) {
    case 'settle':
    case 'forward':
      return line[step.do]()
    case 'race-prove':
      return line.race(() => line.prove())
    case 'race-send':
      return line.race(() => line.chain.send())
    case 'prove':
    case 'fail':
      return void (await line.prove(step.do === 'prove' ? 'proven' : 'failed'))
    case 'send':
      return line.chain.send()
    case 'foreign':
      return line.chain.forgeForeign()
    case 'kill':
      return line.kill()
    case 'pause':
    case 'resume':
      return pause(line.orm, step.do === 'pause')
    case 'tx':
      return void (await line.addTx(step.user))
    case 'deposit':
      return line.chain.deposit(step.user)
    case 'mine':
      return line.chain.mine(step.most)
    case 'reorg':
      return line.chain.reorg(step.depth, step.batches)
    case 'revert':
      return revert(line.orm)
    case 'slot':
      return line.chain.setOurs(step.ours)
    case 'fault':
      return line.inject(step.fault)
  }
}

const pause = async (orm: Orm, paused: boolean): Promise<void> => {
  await orm.em
    .fork()
    .upsert(RoleControl, { role: 'forger', paused, by: 'operator', reason: null, changedAt: new Date(0) })
}

/** The oldest transaction in flight reverts for a reason of the chain's own. */
const revert = async (orm: Orm): Promise<void> => {
  await orm.em.fork().execute(
    `update kernel.intent set state = 'reverted', because = 'out of gas', settled_at = now() where id =
       (select id from kernel.intent where state = 'sent' order by nonce limit 1)`,
  )
}

/** Nothing more goes wrong: all that is pending must come to be forged. */
async function finish(line: ForgerLine): Promise<void> {
  await pause(line.orm, false)
  await line.chain.setOurs(true)
  for (let round = 0; round < 50; round += 1) {
    await line.settle()
    while (await line.prove()) await line.settle()
    await line.chain.send()
    await line.settle()
    await line.chain.mine()
    await line.settle()
    const [open, pending] = await Promise.all([
      line.orm.em.fork().count(Batch, { state: { $in: ['built', 'proving', 'proven', 'sent', 'mined'] } }),
      line.orm.em.fork().count(PoolTx, { state: { $ne: 'fged' } }),
    ])
    if (open === 0 && pending === 0 && line.chain.waitingL1() === 0) return
  }
}

/** Of every transaction, in how many batches of the chain it is. */
async function forgedOf({ orm, chain }: ForgerLine): Promise<string[]> {
  const em = orm.em.fork()
  const roots = new Map(chain.forged().map(({ num, root }) => [num, root]))
  const final = await em.find(Batch, { state: { $in: ['final', 'mined'] } }, { populate: ['contents'] })
  const times = new Map<string, number>()
  for (const batch of final) {
    if (roots.get(batch.num) !== batch.newRoot) return [`batch ${batch.num} is not what the chain holds`]
    for (const { txId } of (batch.contents as { L2Txs: readonly { txId: string }[] }).L2Txs) {
      times.set(txId, (times.get(txId) ?? 0) + 1)
    }
  }
  const txs = await em.find(PoolTx, {})
  return txs.flatMap(({ txId, state, fromIdx, nonce }) =>
    times.get(txId) === 1 && state === 'fged'
      ? []
      : [`${fromIdx}:${nonce} ${state}, forged ${times.get(txId) ?? 0} times`],
  )
}

test('scenario 90: whatever happens, nothing is lost, nothing is forged twice, and no number is left out', async t => {
  t.timeout(600_000)
  await fc.assert(
    fc.asyncProperty(steps, fc.boolean(), async (taken, l1) => {
      const orm = await database(t)
      const line = await openLine(orm, { l1 })
      for (const [at, step] of taken.entries()) {
        await take(line, step)
        const wrong = await wrongIn(orm)
        if (wrong.length > 0) throw new Error(`after step ${at} (${step.do}): ${wrong.join('; ')}`)
      }
      await finish(line)
      const left = line.chain.waitingL1() > 0 ? ['L1 transactions still wait'] : []
      const wrong = [...(await wrongIn(orm)), ...(await forgedOf(line)), ...left]
      if (wrong.length > 0) throw new Error(`in the end: ${wrong.join('; ')}`)
    }),
    {
      numRuns: Number(process.env['FORGEKEEPER_MODEL_RUNS'] ?? 25),
      interruptAfterTimeLimit: 60_000,
      endOnFailure: true,
      includeErrorInReport: true,
    },
  )
  t.pass()
})
