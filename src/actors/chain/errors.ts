/**
 * What can go wrong between the daemon and a chain, in words an operator can act on.
 * What a node answers about a request itself (a revert, a used nonce) is not here: it reaches the caller unchanged.
 */
import { OperatorError } from '../../errors.ts'

/** No endpoint of the chain gave an answer. */
export class RpcUnavailableError extends OperatorError {
  readonly code = 'RPC_001'
  readonly severity = 'transient'
  readonly hint =
    'Check the endpoints of this chain ([chains.NAME] rpc); the daemon goes on by itself when one answers.'
}

/** Every endpoint that answers is on another chain. */
export class RpcChainMismatchError extends OperatorError {
  readonly code = 'RPC_002'
  readonly severity = 'fatal'
  readonly hint = 'Correct [chains.NAME] chain_id, or point rpc to endpoints of that chain.'
}

/** The endpoint shows an older chain than it, or another one, has shown before. */
export class EndpointBehindError extends OperatorError {
  readonly code = 'RPC_003'
  readonly severity = 'transient'
  readonly hint = 'The endpoint lags or its chain was rolled back; it is used again when it has caught up.'
}

/** Every endpoint of the chain asks for fewer requests. */
export class RpcRateLimitedError extends OperatorError {
  readonly code = 'RPC_004'
  readonly severity = 'transient'
  readonly hint = 'Raise the plan of the endpoint, add another one, or raise [chains.NAME] poll_interval.'
}

/** The answer is not JSON-RPC, does not have the shape that was asked for, or is too large. */
export class RpcAnswerError extends OperatorError {
  readonly code = 'RPC_005'
  readonly severity = 'transient'
  readonly hint = 'Something else than a JSON-RPC node answers at this URL, or a proxy damages its answers.'
}

/** Fewer endpoints agree on what decides about transactions than the quorum asks for. */
export class RpcDisagreeError extends OperatorError {
  readonly code = 'RPC_006'
  readonly severity = 'transient'
  readonly hint =
    'Endpoints are down, lag or differ: look at them in `status`, add others, or lower [chains.NAME] quorum; nothing is concluded meanwhile.'
}

/** The history changed deeper than the headers that are kept. */
export class ReorgTooDeepError extends OperatorError {
  readonly code = 'CHN_001'
  readonly severity = 'fatal'
  readonly hint =
    'If this is the right chain, raise [chains.NAME] reorg_limit and start on a new database, else correct rpc; facts are derived again.'
}

/** The endpoints refuse to give the logs of even one block. */
export class LogsRefusedError extends OperatorError {
  readonly code = 'CHN_002'
  readonly severity = 'transient'
  readonly hint = 'This endpoint limits the logs of one answer below one block; add another endpoint.'
}
