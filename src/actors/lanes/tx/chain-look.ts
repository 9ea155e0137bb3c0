/**
 * One consistent look at the chain: the newest block, the account's count in it, and what the market asks.
 * Once a block, never on the way from a wish to its broadcast.
 */
import { numberToHex } from 'viem'
import { formatGwei } from '../../../config/units.ts'
import { isFatal } from '../../../errors.ts'
import { RpcAnswerError } from '../../chain/errors.ts'
import { CeilingTooLowError } from '../errors.ts'
import { readBlock, readCount } from './answers.ts'
import { foreign } from './classify.ts'
import { nextBaseFee, type Market } from './fees.ts'
import { decider, sayOnce, unsay, type Lane } from './lane.ts'

const LAGGING_LIMIT = 3

/**
 * Reads the newest block into the lane. False when the chain does not answer, or answers with an older block than we
 * know (an endpoint that lags; believed only when it insists): nothing may be concluded then.
 */
export async function lookAtChain(lane: Lane): Promise<boolean> {
  const { client } = lane.args.rpc
  const block = readBlock(await client.request({ method: 'eth_getBlockByNumber', params: ['latest', false] }))
  if (block === null) throw new RpcAnswerError('the endpoint has no latest block')
  if (lags(lane, block.number)) return false
  const legacy = block.baseFeePerGas === null
  const [count, suggested, blobBaseFee] = await Promise.all([
    countAt(lane, block.number),
    legacy ? client.getGasPrice() : client.estimateMaxPriorityFeePerGas(),
    lane.wantsBlobs ? client.getBlobBaseFee().catch(() => null) : null, // not every chain has blobs
  ])
  const market: Market = {
    nextBaseFee: nextBaseFee(block),
    suggested,
    ...(blobBaseFee !== null && { blobBaseFee }),
  }
  lane.head = { number: block.number, hash: block.hash, gasLimit: block.gasLimit }
  lane.latestCount = count
  lane.market = market
  tellOfCeiling(lane, market)
  if (lane.hold && block.number > lane.hold.sinceBlock) lane.hold = null
  return true
}

/** Transactions of the account up to this block, as the deciding client counts them. */
export async function countAt(lane: Lane, block: bigint): Promise<number> {
  const params = [lane.args.signer.address, numberToHex(block)] as const
  return readCount(await decider(lane).request({ method: 'eth_getTransactionCount', params: [...params] }))
}

/** A ceiling below what the chain asks is an operator's matter when it is there from the start, and news later. */
function tellOfCeiling(lane: Lane, { nextBaseFee: base, suggested }: Market): void {
  const asked = base ?? suggested
  const ceiling = lane.args.limits.maxFeePerGasWei
  if (asked <= ceiling) return unsay(lane, 'ceiling')
  sayOnce(lane, 'ceiling', () => {
    const { code, hint, message } = new CeilingTooLowError(
      `${lane.args.account} may pay ${formatGwei(ceiling)} for gas, ${lane.args.chain} asks ${formatGwei(asked)}`,
    )
    lane.log.error(message, { code, hint })
  })
}

function lags(lane: Lane, number: bigint): boolean {
  const behind = lane.head !== null && number < lane.head.number && !lane.recheck
  lane.lagging = behind ? lane.lagging + 1 : 0
  return behind && lane.lagging < LAGGING_LIMIT
}

/** Runs RPC reads; null (and another pass soon) when the chain is not there, which is an outage and not a crash. */
export async function whenChainAnswers<T>(lane: Lane, read: () => Promise<T>): Promise<T | null> {
  try {
    const answer = await read()
    if (lane.said.has('chain-down')) lane.log.info('the chain answers again', { chain: lane.args.chain })
    unsay(lane, 'chain-down')
    return answer
  } catch (error) {
    if (isFatal(error) || !isRpcError(error)) throw error
    sayOnce(lane, 'chain-down', () =>
      lane.log.warn('the chain does not answer', { chain: lane.args.chain, because: foreign(error).text }),
    )
    lane.again(1_000)
    return null
  }
}

/**
 * viem's errors (they carry `shortMessage`), those of the chain room (RPC_), those of a broken connection, and a
 * SyntaxError: viem's when a number was asked for and something else was answered.
 */
function isRpcError(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if ('shortMessage' in error) return true
  if ('code' in error && typeof error.code === 'string') return /^(RPC_|CHN_|ECONN|UND_ERR|ETIMEDOUT)/.test(error.code)
  return error.name === 'TimeoutError' || error instanceof SyntaxError
}
