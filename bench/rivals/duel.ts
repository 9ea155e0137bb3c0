/**
 * Plays slot after slot: where something is expected blocks are mined only as fast as the forgers that run can follow, so
 * that nothing depends on how fast the machine is. What happened is read from the chain, as anybody could.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createPublicClient, createTestClient, decodeFunctionData, http } from 'viem'
import { foundry } from 'viem/chains'
import { auctionAbi, rollupAbi } from '../../src/actors/forger/contracts.ts'
import { decodeTxsData } from '../../src/actors/forger/rollup/encoding.ts'
import { decodeFloat40 } from '../../src/actors/forger/rollup/float40.ts'
import { SLOT, type Rival, type RivalWorld } from './world.ts'

/** A batch as the chain has it. */
export interface ForgedByRival {
  readonly num: number
  readonly slot: bigint
  readonly by: Rival['name']
  readonly l1: boolean
  /** `fromIdx:amount` of its L2 transfers. */
  readonly transfers: readonly string[]
}

export interface Duel {
  /** Mines until the next block is the first of the slot, in step with the forgers. */
  reach(slot: bigint): Promise<void>
  /** The same for the block of the slot from which on it is open to everybody, unless it is committed. */
  reachDeadline(slot: bigint): Promise<void>
  /** Mines until the next block is the last of the slot, waiting at its start until `by` has forged in it. */
  play(slot: bigint, by: Rival): Promise<void>
  /** Mines to the slot's deadline, waits until `by` has forged in it, then as `play`. */
  takeOver(slot: bigint, by: Rival): Promise<void>
  /** Mines in step until the condition holds, so many blocks at most. */
  mineUntil(what: string, holds: () => Promise<boolean>, blocks?: number): Promise<void>
  /** Who is kept step with. */
  setRunning(rivals: readonly Rival[]): void
  /** Everything that was forged, by number. */
  forged(): Promise<readonly ForgedByRival[]>
  /** Of the transactions of both forgers that were mined, how many reverted. */
  reverted(): Promise<number>
}

interface ShownState {
  readonly head: { readonly block: string } | null
  readonly batches: Readonly<Record<string, number>>
}

const PATIENCE_MS = 150_000
const POLL_MS = 25

/** Asks a running daemon; null while it does not answer. */
export async function askRival<T>(rival: Rival, path: string): Promise<T | null> {
  try {
    const { url } = JSON.parse(await readFile(join(rival.folder, 'data', 'daemon.json'), 'utf8')) as { url: string } // its own note
    const token = (await readFile(join(rival.folder, 'data', 'tokens', 'viewer'), 'utf8')).trim()
    const answer = await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${token}` } })
    return answer.ok ? ((await answer.json()) as T) : null
  } catch {
    return null // not up yet
  }
}

export async function waitFor(what: string, holds: () => Promise<boolean>, withinMs = PATIENCE_MS): Promise<void> {
  for (let waited = 0; waited < withinMs; waited += POLL_MS) {
    if (await holds()) return
    await sleep(POLL_MS)
  }
  throw new Error(`waited in vain: ${what}`)
}

export function openDuel(world: RivalWorld): Duel {
  const transport = http(world.rpcUrl)
  const chain = createPublicClient({ chain: foundry, transport, cacheTime: 0 })
  const tools = createTestClient({ mode: 'anvil', chain: foundry, transport })
  const { contracts, rivals } = world
  let running: readonly Rival[] = rivals
  const startOf = (slot: bigint): bigint => contracts.genesisBlock + slot * BigInt(SLOT.blocks)

  const state = (rival: Rival): Promise<ShownState | null> => askRival<ShownState>(rival, '/v1/forger')
  /** They have read the head and have nothing half done that could still go into the next block. */
  const inStep = async (): Promise<void> => {
    const head = await chain.getBlockNumber()
    await Promise.all(running.map(rival => followed(rival, head)))
  }
  const followed = async (rival: Rival, head: bigint): Promise<void> => {
    await waitFor(`${rival.name} reads block ${head} and finishes its batches`, async () => {
      const shown = await state(rival)
      if (shown === null || BigInt(shown.head?.block ?? 0) < head) return false
      const { built = 0, proving = 0, proven = 0 } = shown.batches
      return built + proving + proven === 0
    })
  }
  const mine = async (blocks = 1): Promise<void> => {
    await tools.mine({ blocks })
    await inStep()
  }
  /** In one go: what is in flight lands in the first of these blocks. */
  const mineTo = async (nextBlock: bigint): Promise<void> => {
    const left = Number(nextBlock - (await chain.getBlockNumber()) - 1n)
    if (left > 0) await mine(left)
  }
  const slotOf = (block: bigint): bigint => (block - contracts.genesisBlock) / BigInt(SLOT.blocks)
  const inFlight = async (rival: Rival): Promise<boolean> => ((await state(rival))?.batches['sent'] ?? 0) > 0
  const hasForged = async (slot: bigint, by: Rival): Promise<boolean> =>
    (await forged()).some(batch => batch.slot === slot && batch.by === by.name)
  const commit = async (slot: bigint, by: Rival): Promise<void> => {
    while (!(await hasForged(slot, by))) {
      if (slotOf((await chain.getBlockNumber()) + 1n) !== slot)
        throw new Error(`${by.name} did not forge in slot ${slot}`)
      await waitFor(
        `${by.name} sends a batch in slot ${slot}`,
        async () => (await inFlight(by)) || (await hasForged(slot, by)),
      )
      await mine()
    }
  }

  async function forged(): Promise<ForgedByRival[]> {
    const event = { address: contracts.rollup, abi: rollupAbi, eventName: 'ForgeBatch', strict: true } as const
    const logs = await chain.getContractEvents({ ...event, fromBlock: contracts.deployedAtBlock })
    return Promise.all(
      logs.map(async ({ args, transactionHash, blockNumber }) => {
        const { from, input } = await chain.getTransaction({ hash: transactionHash })
        const by = rivals.find(({ address }) => address.toLowerCase() === from.toLowerCase())
        if (!by) throw new Error(`a stranger forged batch ${args.batchNum}`)
        return { num: args.batchNum, slot: slotOf(blockNumber), by: by.name, ...contentOf(input) }
      }),
    )
  }

  return {
    reach: slot => mineTo(startOf(slot)),
    reachDeadline: slot => mineTo(startOf(slot) + BigInt(SLOT.deadline)),
    play: async (slot, by) => {
      await mineTo(startOf(slot))
      await commit(slot, by)
      const [, , committed] = await chain.readContract({
        address: contracts.auction,
        abi: auctionAbi,
        functionName: 'slots',
        args: [slot],
      })
      if (!committed) throw new Error(`slot ${slot} is not committed by a batch before its deadline`)
      await mineTo(startOf(slot + 1n) - 1n)
    },
    takeOver: async (slot, by) => {
      await mineTo(startOf(slot) + BigInt(SLOT.deadline))
      await commit(slot, by)
      await mineTo(startOf(slot + 1n) - 1n)
    },
    mineUntil: async (what, holds, blocks = 200) => {
      for (let mined = 0; mined < blocks; mined += 1) {
        if (await holds()) return
        await mine()
      }
      throw new Error(`not within ${blocks} blocks: ${what}`)
    },
    setRunning: now => void (running = now),
    forged,
    reverted: async () => {
      let count = 0
      for (let number = contracts.deployedAtBlock; number <= (await chain.getBlockNumber()); number += 1n) {
        const { transactions } = await chain.getBlock({ blockNumber: number, includeTransactions: true })
        for (const { from, hash } of transactions) {
          if (!rivals.some(({ address }) => address.toLowerCase() === from.toLowerCase())) continue
          if ((await chain.getTransactionReceipt({ hash })).status === 'reverted') count += 1
        }
      }
      return count
    },
  }
}

function contentOf(input: `0x${string}`): Pick<ForgedByRival, 'l1' | 'transfers'> {
  const call = decodeFunctionData({ abi: rollupAbi, data: input })
  if (call.functionName !== 'forgeBatch') throw new Error('a batch was forged by another call')
  const txs = decodeTxsData(32, call.args[4])
  return { l1: call.args[7], transfers: txs.map(tx => `${tx.fromIdx}:${decodeFloat40(tx.amountF)}`) }
}
