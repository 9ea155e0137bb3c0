/**
 * A node that answers what a case says: calls that run or revert, receipts with the closing event of the session.
 */
import { encodeAbiParameters, encodeEventTopics, type Address, type Hex, type PublicClient } from 'viem'
import { eventsAbi, finalizeCall, type SessionId } from '../../../src/actors/finalizer/contracts.ts'

export interface Answers {
  readonly contract: Address
  /** Calls for other sessions find that their deadline has not passed. */
  readonly only?: SessionId
  /** Which session a transaction closed. */
  readonly closes: ReadonlyMap<Hex, SessionId>
}

const HASH: Hex = `0x${'cd'.repeat(32)}`

export function answeringClient({ contract, only, closes }: Answers): PublicClient {
  const request = ({ params }: { params: readonly [{ readonly data: Hex }] }): Promise<Hex> => {
    const runs = only === undefined || params[0].data === finalizeCall('specimen', '2022', only)
    return runs
      ? Promise.resolve('0x15f90')
      : Promise.reject(new Error('execution reverted: Session not past deadline'))
  }
  const client = {
    request,
    getBalance: () => Promise.resolve(10n ** 20n),
    getGasPrice: () => Promise.resolve(1n),
    getTransactionReceipt: ({ hash }: { hash: Hex }) =>
      Promise.resolve({ logs: [closingLog(contract, hash, closes.get(hash))] }),
  }
  return client as unknown as PublicClient // what the finalizer asks of it
}

function closingLog(contract: Address, transactionHash: Hex, session: SessionId | undefined) {
  if (session === undefined) throw new Error(`nobody sent ${transactionHash}`)
  const args = { ...session, blockhash: HASH }
  return {
    address: contract,
    topics: encodeEventTopics({ abi: eventsAbi, eventName: 'BlockSpecimenRewardAwarded', args }),
    data: encodeAbiParameters([{ type: 'bytes32' }], [HASH]),
    transactionHash,
    blockNumber: 999_999n,
    logIndex: 0,
  }
}
