/** What an operator is told who asks why nothing happens. */
import test from 'ava'
import type { RoleContext } from '../../../src/role.ts'
import type { ForgerConfig } from '../../../src/actors/forger/config.ts'
import { explainForger } from '../../../src/actors/forger/explain.ts'
import { useForgerDatabase } from '../../support/forger-database.ts'
import { openLine, type ForgerLine } from '../../support/forger-line.ts'

const database = useForgerDatabase(test)

const explain = async ({ orm }: ForgerLine, subject: string) => {
  const context = { orm: () => orm, config: { confirmBlocks: 3 } } as unknown as RoleContext<ForgerConfig> // all it uses
  const found = await explainForger(context, subject)
  const { rule } = (found?.details['decision'] ?? {}) as { rule?: string }
  return { state: found?.state, because: found?.because, rule }
}

test('a pipeline that waits names the rule that holds it and why', async t => {
  const line = await openLine(await database(t))
  await line.chain.setOurs(false)
  await line.settle()
  t.deepEqual(await explain(line, 'pipeline'), {
    state: 'stopped',
    because: 'slot 0 belongs to 0x and it is committed',
    rule: 'slot_is_ours',
  })
  await line.chain.setOurs(true)
  await line.settle()
  t.like(await explain(line, 'pipeline'), {
    state: 'running',
    because: 'slot 0 may be forged in',
    rule: 'slot_is_ours',
  })
})

test('a batch that is not built names the rule that skips it', async t => {
  const line = await openLine(await database(t), { forgeNoTxsDelay: 60_000 })
  await line.settle()
  await line.settle()
  t.deepEqual(await explain(line, 'batch/3'), {
    state: 'planned',
    because: 'nothing to forge, forge_no_txs_delay is not over',
    rule: 'forge_no_txs_delay',
  })
})

test('a batch that may not be sent names the rule that refuses it', async t => {
  const line = await openLine(await database(t))
  await line.addTx(0)
  await line.settle()
  await line.prove()
  await line.chain.setOurs(false)
  await line.forward()
  t.deepEqual(await explain(line, 'batch/2'), {
    state: 'discarded',
    because: 'forgeBatch shouldSend: block 2 is not ours to forge in',
    rule: 'slot_is_ours',
  })
})

test('what nobody knows is explained by nobody', async t => {
  const line = await openLine(await database(t))
  t.is(await explainForger({ orm: () => line.orm } as unknown as RoleContext<ForgerConfig>, 'session/1'), null) // nothing else is used
})
