/**
 * What is known of the two networks the predecessor ran on (reference 2.3): contracts, floors, session views.
 */
import type { Address } from 'viem'
import type { Family } from '../../entities/finalizer/session.ts'

export interface NetworkContract {
  readonly address: Address
  /** Indexer ids below this are before the contract. */
  readonly blockIdFloor: bigint
  /** Sessions count from the origin height above this. */
  readonly heightFloor: bigint
  /** Names under which its session view may be found, the one its definition has first. */
  readonly views: readonly string[]
}

export interface Network {
  readonly name: string
  /** The warehouse schema it is known by. */
  readonly schema: string
  readonly chainId: number
  readonly contracts: Readonly<Record<Family, NetworkContract>>
}

const SPECIMEN_VIEW = '_proof_chain_specimen_events'
const RESULT_VIEW = '_proof_chain_result_events'

export const NETWORKS: readonly Network[] = [
  {
    name: 'moonbeam mainnet',
    schema: 'chain_moonbeam_mainnet',
    chainId: 1284,
    contracts: {
      specimen: {
        address: '0x4f2e285227d43d9eb52799d0a28299540452446e',
        blockIdFloor: 1_928_585_162_635_558_598n,
        heightFloor: 16_925_800n,
        views: [SPECIMEN_VIEW, '_proof_chain_events'],
      },
      result: {
        address: '0x254e3fa072324fa202577f24147066359947bc23',
        blockIdFloor: 1_928_585_162_635_558_598n,
        heightFloor: 17_919_120n,
        views: [RESULT_VIEW],
      },
    },
  },
  {
    name: 'moonbase alpha',
    schema: 'chain_moonbeam_moonbase_alpha',
    chainId: 1287,
    contracts: {
      specimen: {
        address: '0x30f220b44e937dd6a2a43d91d564e259f3574eb8',
        blockIdFloor: 2_025_156_010_573_169_636n,
        heightFloor: 18_781_665n,
        views: [SPECIMEN_VIEW],
      },
      result: {
        address: '0x3f91f5034dacc2961f62dcf744286540c8786710',
        blockIdFloor: 1_965_606_530_391_765_401n,
        heightFloor: 18_781_735n,
        views: [RESULT_VIEW],
      },
    },
  },
]

/** The network of a warehouse schema; null for one that is not known: nothing is guessed. */
export const networkOf = (schema: string): Network | null => NETWORKS.find(network => network.schema === schema) ?? null

/** Where the views of a schema that is not known are looked for. */
export const DEFAULT_VIEWS: Readonly<Record<Family, readonly string[]>> = {
  specimen: [SPECIMEN_VIEW, '_proof_chain_events'],
  result: [RESULT_VIEW],
}
