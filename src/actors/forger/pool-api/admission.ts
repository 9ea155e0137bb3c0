/**
 * Lets transactions into the pool or refuses them. The cheap checks come first, the signatures last, and rows are written
 * at the very end: whatever is refused leaves nothing behind. Reference 9.9 for the codes.
 */
import type { Clock } from '../../../clock.ts'
import { AccountCreationAuth } from '../../../entities/forger/pool-tx.ts'
import type { Orm } from '../../../entities/orm.ts'
import type { AccountLeaf, Hex } from '../rollup/types.ts'
import type { AccountLookup } from './accounts.ts'
import {
  AccountTokenNotEqualTxToken,
  CantSendToEthAddr,
  DuplicatedKey,
  GettingReceiverAccount,
  GettingSenderAccount,
  InvalidNonce,
  InvalidSignature,
  NotEnoughBalance,
  PoolRefusal,
} from './errors.ts'
import { requireFeeInRange, type FeeRange } from './fee-range.ts'
import type { Room } from './room.ts'
import type { SignatureChecks } from './signature-pool.ts'
import { replaceByNonce, storeGroup, updateReceiver, type Admitted, type PoolStore } from './store.ts'
import type { Submission } from './submission.ts'

/** Which rollup signatures are made for. */
export interface RollupDomain {
  readonly chainId: number
  readonly rollup: Hex
}

export interface AdmissionDeps {
  readonly orm: () => Orm
  readonly clock: Clock
  readonly domain: () => RollupDomain
  readonly accounts: AccountLookup
  readonly signatures: SignatureChecks
  readonly room: Room
  readonly store: PoolStore
  readonly feeRange: FeeRange
}

/** Stores the transaction as pending. Throws PoolRefusal 2, 8 to 13, 23, 24, 26, 27; transient errors while the node is not up. */
export async function admit(deps: AdmissionDeps, admitted: Admitted): Promise<void> {
  const sender = await checkAlone(deps, admitted)
  await inRoom(deps, 1, async () => {
    await checkSignature(deps, admitted, sender)
    if (await deps.store(admitted)) return
    throw new DuplicatedKey(`the transaction ${admitted.txId} is in the pool already`, { id: admitted.txId })
  })
}

/**
 * Stores all as pending or none. A member may spend what another one brings, so balances are left to the selection. Throws
 * like `admit`.
 */
export async function admitGroup(deps: AdmissionDeps, group: readonly Admitted[]): Promise<void> {
  const senders = await Promise.all(group.map(member => checkParties(deps, member)))
  requireFeeInRange(deps.feeRange, group)
  await inRoom(deps, group.length, async () => {
    await Promise.all(senders.map((sender, at) => checkSignature(deps, group[at] as Admitted, sender))) // parallel lists
    await storeGroup(deps, group)
  })
}

/** Signs the same id for another receiver. Throws like `admit`, and PoolRefusal 4 and 25. */
export async function admitUpdate(deps: AdmissionDeps, admitted: Admitted): Promise<void> {
  await checkSignature(deps, admitted, await checkAlone(deps, admitted))
  await updateReceiver(deps, admitted)
}

/** Takes the place of what the sender has in the pool under the same nonce. Throws like `admit`, and PoolRefusal 4. */
export async function admitReplacement(deps: AdmissionDeps, admitted: Admitted): Promise<void> {
  await checkSignature(deps, admitted, await checkAlone(deps, admitted))
  await replaceByNonce(deps, admitted)
}

async function inRoom({ room }: AdmissionDeps, places: number, store: () => Promise<void>): Promise<void> {
  const giveBack = await room.take(places)
  try {
    await store()
  } catch (error) {
    giveBack()
    throw error
  }
}

async function checkAlone(deps: AdmissionDeps, submission: Submission): Promise<AccountLeaf> {
  const sender = await checkParties(deps, submission)
  const { tx, fee } = submission
  const cost = tx.amount + fee
  if (sender.balance < cost) {
    const facts = { balance: sender.balance.toString(), amount: tx.amount.toString(), fee: fee.toString() }
    throw new NotEnoughBalance(`the account holds ${sender.balance}, the transaction costs ${cost}`, facts)
  }
  requireFeeInRange(deps.feeRange, [submission])
  return sender
}

async function checkParties(deps: AdmissionDeps, submission: Submission): Promise<AccountLeaf> {
  const sender = await checkSender(deps, submission)
  await checkReceiver(deps, submission)
  return sender
}

async function checkSender({ accounts }: AdmissionDeps, { tx }: Submission): Promise<AccountLeaf> {
  const sender = await accounts.byIdx(tx.fromIdx)
  if (!sender) throw new GettingSenderAccount(`there is no account ${tx.fromIdx}`, { idx: tx.fromIdx })
  if (sender.tokenId !== tx.tokenId) throw wrongToken(sender, tx.tokenId)
  if (tx.nonce < sender.nonce) {
    const facts = { nonce: tx.nonce, accountNonce: sender.nonce }
    throw new InvalidNonce(`the nonce ${tx.nonce} is used up: the account is at ${sender.nonce}`, facts)
  }
  return sender
}

async function checkReceiver({ accounts, orm }: AdmissionDeps, { tx, type }: Submission): Promise<void> {
  if (type === 'Transfer') {
    const receiver = await accounts.byIdx(tx.toIdx)
    if (!receiver) throw new GettingReceiverAccount(`there is no account ${tx.toIdx}`, { idx: tx.toIdx })
    if (receiver.tokenId !== tx.tokenId) throw wrongToken(receiver, tx.tokenId)
  }
  if (type !== 'TransferToEthAddr') return
  const owned = await accounts.byEthAddr(tx.toEthAddr)
  if (owned.some(account => account.tokenId === tx.tokenId)) return
  if (await orm().em.fork().findOne(AccountCreationAuth, { ethAddr: tx.toEthAddr })) return
  throw new CantSendToEthAddr(`${tx.toEthAddr} has no account of the token and did not authorise one`)
}

const wrongToken = (account: AccountLeaf, tokenId: number): PoolRefusal =>
  new AccountTokenNotEqualTxToken(`the account ${account.idx} holds token ${account.tokenId}, not ${tokenId}`)

async function checkSignature(deps: AdmissionDeps, { tx }: Submission, sender: AccountLeaf): Promise<void> {
  const key = { ay: sender.ay, sign: sender.sign }
  const valid = await deps.signatures.check({ do: 'transaction', tx, key, chainId: deps.domain().chainId })
  if (!valid) throw new InvalidSignature('the signature is not one of the sender for this chain')
}
