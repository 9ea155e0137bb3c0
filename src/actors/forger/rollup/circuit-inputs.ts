/** placeholder */
import type { BatchRequest } from './batch.ts'
import type { Ledger } from './ledger.ts'
import type { RollupState } from './state.ts'
export type ZkInputs = Record<string, unknown>
export const circuitInputs = (_old: RollupState, _request: BatchRequest, _ledger: Ledger): ZkInputs => ({})
