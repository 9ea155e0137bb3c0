/**
 * Which contracts the configuration means, one plan a family. Pure.
 */
import { getAddress, isAddressEqual, type Address } from 'viem'
import { FAMILIES, type Family } from '../../entities/finalizer/session.ts'
import type { FinalizerConfig } from './config.ts'
import { DEFAULT_VIEWS, networkOf } from './networks.ts'

export interface FamilyPlan {
  readonly family: Family
  readonly contract: Address
  /** The first block of the chain worth reading. */
  readonly from: bigint
  /** Sessions count from the origin height above this. */
  readonly heightFloor: bigint
  /** Warehouse rows count from this id on. */
  readonly blockIdFloor: bigint
  /** Names of its session view in the warehouse. */
  readonly views: readonly string[]
}

type Keys = Pick<
  FinalizerConfig,
  'specimen' | 'result' | 'specimenFrom' | 'resultFrom' | 'specimenFloor' | 'resultFloor' | 'source' | 'warehouse'
>

/** Families without a contract are left out. A network's floors hold for the network's own contracts only. */
export function familyPlans(config: Keys): FamilyPlan[] {
  return FAMILIES.flatMap(family => {
    const known = readsWarehouse(config) ? networkOf(config.warehouse.schema)?.contracts[family] : undefined
    const contract = config[family] ?? known?.address
    if (contract === undefined) return []
    const network = known && isAddressEqual(known.address, contract) ? known : null
    const floor = BigInt(config[`${family}Floor`])
    const heightFloor = network && network.heightFloor > floor ? network.heightFloor : floor
    return [
      {
        family,
        contract: getAddress(contract),
        from: BigInt(config[`${family}From`]),
        heightFloor,
        blockIdFloor: network?.blockIdFloor ?? 0n,
        views: network?.views ?? DEFAULT_VIEWS[family],
      },
    ]
  })
}

/** Whether sessions are read from the warehouse. */
export const readsWarehouse = ({ source, warehouse }: Pick<Keys, 'source' | 'warehouse'>): boolean =>
  source === 'warehouse' || source === 'both' || (source === 'auto' && warehouse.host !== undefined)

/** Whether sessions are read from the chain. */
export const readsChain = (config: Pick<Keys, 'source' | 'warehouse'>): boolean =>
  config.source === 'chain' || config.source === 'both' || (config.source === 'auto' && !readsWarehouse(config))
