import test from 'ava'
import { l1Digest } from '../../../src/actors/forger/l1-digest.ts'
import { loadLine } from '../../../src/actors/forger/line.ts'
import { Batch } from '../../../src/entities/forger/batch.ts'
import { L1Tx } from '../../../src/entities/forger/chain-facts.ts'
import { storeBatch, useForgerDatabase } from '../../support/forger-database.ts'

const database = useForgerDatabase(test)

const queued = (queue: bigint, position: number) => ({
  queue,
  position,
  txId: `0x00${queue}${position}`,
  fromEthAddr: `0x${'1'.repeat(40)}`,
  fromBjj: `0x${'2'.repeat(64)}`,
  fromIdx: 0n,
  loadAmountF: 0n,
  amountF: 0n,
  tokenId: 0n,
  toIdx: 0n,
  encoded: `0x${queue}0${position}`,
  blockNumber: 1n,
  ethTxHash: '0x1',
})

test('a batch knows whether its queue still holds what it was built on, until it is sent', async t => {
  const orm = await database(t)
  const em = orm.em.fork()
  const queue = [0, 1, 2].map(position => queued(4n, position))
  for (const one of [...queue.toReversed(), queued(5n, 0)]) await em.insert(L1Tx, one)
  const id = BigInt(await storeBatch(em, { num: 1 }))
  await em.nativeUpdate(Batch, { id }, { l1Queue: 4n, l1Digest: l1Digest(queue) })
  const changed = async () => (await loadLine(orm.em.fork())).batches[0]?.l1Changed
  t.false(await changed(), 'in the order of positions, whatever order they were stored in')
  await em.insert(L1Tx, queued(4n, 3))
  t.true(await changed(), 'one more')
  await em.nativeDelete(L1Tx, { queue: 4n, position: 3 })
  t.false(await changed())
  await em.nativeUpdate(L1Tx, { queue: 4n, position: 1 }, { encoded: '0xff' })
  t.true(await changed(), 'another one in its place')
  await em.nativeUpdate(Batch, { id }, { state: 'sent' })
  t.false(await changed(), 'what is sent is the chain’s to judge')
})
