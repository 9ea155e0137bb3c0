/**
 * What can keep the finalizer from closing sessions, in words an operator can act on.
 */
import { OperatorError } from '../../errors.ts'

export class NoContractError extends OperatorError {
  readonly code = 'FIN_001'
  readonly severity = 'poison'
  readonly hint = 'Correct finalizer.specimen or finalizer.result, or the chain they are meant for.'
}

export class OtherContractError extends OperatorError {
  readonly code = 'FIN_002'
  readonly severity = 'poison'
  readonly hint =
    'Set the address of a proof chain contract, and finalizer.generation to "2024" when it has finalizeSpecimenSession.'
}

export class AddressMismatchError extends OperatorError {
  readonly code = 'FIN_003'
  readonly severity = 'fatal'
  readonly hint = 'Set finalizer.address (FINALIZER_ADDRESS) to the address of the key, or use the key of that address.'
}

export class WarehouseDownError extends OperatorError {
  readonly code = 'FIN_004'
  readonly severity = 'transient'
  readonly hint = 'Check [finalizer.warehouse] host, user and password; the role goes on by itself when it answers.'
}

export class WarehouseSchemaError extends OperatorError {
  readonly code = 'FIN_005'
  readonly severity = 'poison'
  readonly hint =
    'Correct finalizer.warehouse.schema (CHAIN_TABLE_NAME), and let the user read its tables or its session views.'
}

export class UnknownNetworkError extends OperatorError {
  readonly code = 'FIN_006'
  readonly severity = 'fatal'
  readonly hint =
    'Set finalizer.specimen or finalizer.result, or a finalizer.warehouse.schema whose contracts are known.'
}

export class RowUnreadableError extends OperatorError {
  readonly code = 'FIN_007'
  readonly severity = 'poison'
  readonly hint = 'Have the row corrected in the warehouse, or read the chain itself: finalizer.source = "both".'
}

export class WarehouseGapError extends OperatorError {
  readonly code = 'FIN_008'
  readonly severity = 'transient'
  readonly hint =
    'The warehouse has a log without its transaction: it is looked at again until finalizer.warehouse.gap_patience is over.'
}
