/** The warehouse that tests put up is the predecessor's: its views answer what the originals answered. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import type { Hex } from 'viem'
import { useDatabases } from '../../support/postgres.ts'
import { openWarehouse, type EventName } from '../../support/warehouse.ts'
import { fixturesOf } from '../../support/fixtures.ts'

const { folder, there } = fixturesOf('finalizer')
const databases = useDatabases(test)

interface Case {
  readonly id: string
  readonly network: 'mainnet' | 'moonbase'
  readonly family: 'specimen' | 'result'
  readonly blockIdFloor: string
  readonly heightFloorExclusive: number
  readonly events: readonly {
    readonly event: EventName
    readonly chain: number
    readonly height: string
    readonly deadline?: string
    readonly blockId: string
    readonly address?: string
  }[]
  readonly rowsOfOriginalView: readonly {
    readonly startBlockId: string
    readonly txOffset: number
    readonly chainId: string
    readonly height: string
    readonly deadline: string
    readonly finalizationTx: Hex | null
  }[]
}

interface Network {
  readonly network: string
  readonly family: string
  readonly address: Hex
  readonly startedEvent: EventName
  readonly rewardEvent: EventName
  readonly noQuorumEvent: EventName
}

const read = async <T>(name: string): Promise<T> => JSON.parse(await readFile(join(folder, name), 'utf8')) as T // as the README there says
const withFixtures = there ? test : test.skip

withFixtures('the views answer what the original views answered', async t => {
  const { networks } = await read<{ networks: readonly Network[] }>('networks.json')
  for (const one of (await read<{ cases: readonly Case[] }>('pending-view.json')).cases) {
    const network = networks.find(
      ({ network: name, family }) =>
        family === one.family && name.includes(one.network === 'mainnet' ? 'mainnet' : 'alpha'),
    )
    if (network === undefined) throw new Error(`no network for ${one.id}`)
    const warehouse = await openWarehouse(await databases.create())
    for (const [index, { event, chain, height, deadline = '0', blockId, address }] of one.events.entries()) {
      await warehouse.happened({
        blockId: BigInt(blockId),
        contract: address === undefined ? network.address : `0x${address}`,
        event,
        chainId: BigInt(chain),
        height: BigInt(height),
        deadline: BigInt(deadline),
        txHash: `0x${String(index + 1)
          .padStart(2, '0')
          .repeat(32)}`,
      })
    }
    await warehouse.view('sessions', {
      contract: network.address,
      started: network.startedEvent,
      rewarded: network.rewardEvent,
      noQuorum: network.noQuorumEvent,
      blockIdFloor: BigInt(one.blockIdFloor),
      heightFloor: BigInt(one.heightFloorExclusive),
    })
    const rows =
      await warehouse.query(`select v.start::text as "startBlockId", v.at as "txOffset", v.chain::text as "chainId",
        v.height::text as height, v.deadline::text as deadline, '0x' || encode(v.final, 'hex') as "finalizationTx"
      from ${warehouse.schema}.sessions as v(tx, start, at, chain, height, deadline, final)`)
    t.deepEqual(rows, [...one.rowsOfOriginalView], one.id)
    await warehouse.end()
  }
})
