/**
 * Blocks from the moment a nonce is missing, or a node has lost a transaction, until what waited behind it is mined.
 */
import type { Hex } from 'viem'
import { startHost, type Host } from './daemon.ts'
import type { TxWorld } from './world.ts'
import { CHAIN_ID } from './world.ts'
import { keyOf } from './wishes.ts'
import { pause } from '../load/daemon.ts'

export interface Gap {
  /** Most blocks of all rounds: a nonce that a stranger used and a reorganisation gave back. */
  readonly gapBlocks: number
  /** Most blocks of all rounds: the node dropped the lowest of several. */
  readonly droppedBlocks: number
}

export async function measureGap(world: TxWorld, rounds: number): Promise<Gap> {
  const host = await startHost(world)
  const gaps: number[] = []
  const dropped: number[] = []
  host.wish(5, 0)
  await host.told(5)
  for (let round = 1; round <= rounds; round += 1) {
    gaps.push(await healGap(world, host))
    dropped.push(await healDrop(world, host))
    process.stderr.write(`gap ${round} of ${rounds}: ${gaps.at(-1)} and ${dropped.at(-1)} blocks\n`)
  }
  await host.stop()
  return { gapBlocks: Math.max(...gaps), droppedBlocks: Math.max(...dropped) }
}

/** A stranger uses the key; ours come behind; a reorganisation takes the stranger's transaction away for good. */
async function healGap(world: TxWorld, host: Host): Promise<number> {
  const nonce = await world.chain.getTransactionCount({ address: world.account.address })
  const raw = await world.account.signTransaction({
    type: 'eip1559',
    chainId: CHAIN_ID,
    nonce,
    to: world.account.address,
    gas: 21_000n,
    maxFeePerGas: 100_000_000_000n,
    maxPriorityFeePerGas: 2_000_000_000n,
  })
  await world.chain.sendRawTransaction({ serializedTransaction: raw })
  while ((await world.chain.getTransactionCount({ address: world.account.address })) === nonce) await pause(10)
  await pause(200) // the daemon has seen that block
  await world.node.setIntervalMining({ interval: 0 })
  const number = host.wish(1, 0)
  await sent(world, number)
  // anvil takes [depth, transactions]; viem has no action for it
  await world.node.request({ method: 'anvil_reorg' as 'anvil_reset', params: [1, []] as never })
  return blocksUntilMined(world, number)
}

/** Three in the pool, and the node forgets the first. */
async function healDrop(world: TxWorld, host: Host): Promise<number> {
  await world.node.setIntervalMining({ interval: 0 })
  const first = host.wish(3, 0)
  const hash = await sent(world, first)
  await sent(world, first + 2)
  await world.node.dropTransaction({ hash })
  return blocksUntilMined(world, first + 2)
}

async function sent(world: TxWorld, number: number): Promise<Hex> {
  for (;;) {
    const [row] = await world.orm.em.execute<{ hash: Hex }[]>(
      `select a.hash from kernel.attempt a join kernel.intent i on i.id = a.intent_id
       where i.key = ? and a.broadcast_at is not null`,
      [keyOf(number)],
    )
    if (row) return row.hash
    await pause(10)
  }
}

/** Lets the chain go on, a block a second. */
async function blocksUntilMined(world: TxWorld, number: number): Promise<number> {
  const from = await world.chain.getBlockNumber()
  await world.node.setIntervalMining({ interval: 1 })
  for (;;) {
    const [row] = await world.orm.em.execute<{ block: string | null }[]>(
      'select mined_block::text as block from kernel.intent where key = ?',
      [keyOf(number)],
    )
    if (row?.block) return Number(BigInt(row.block) - from)
    await pause(20)
  }
}
