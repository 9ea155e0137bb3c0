/**
 * Lets a transaction into the pool or refuses it. The cheap checks come first, the signature last, and one row is written
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
import type { Room } from './room.ts'
import type { SignatureChecks } from './signature-pool.ts'
import type { PoolStore } from './store.ts'
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
}

/** Stores the transaction as pending. Throws PoolRefusal 2 or 8 to 13, 26, 27; transient errors while the node is not up. */
export async function admit(deps: AdmissionDeps, submission: Submission, clientIp: string): Promise<void> {
  const sender = await checkSender(deps, submission)
  await checkReceiver(deps, submission)
  const giveBack = await deps.room.take()
  try {
    await checkSignature(deps, submission, sender)
    if (await deps.store({ ...submission, clientIp })) return
    throw new DuplicatedKey(`the transaction ${submission.txId} is in the pool already`, { id: submission.txId })
  } catch (error) {
    giveBack()
    throw error
  }
}

async function checkSender({ accounts }: AdmissionDeps, { tx, fee }: Submission): Promise<AccountLeaf> {
  const sender = await accounts.byIdx(tx.fromIdx)
  if (!sender) throw new GettingSenderAccount(`there is no account ${tx.fromIdx}`, { idx: tx.fromIdx })
  if (sender.tokenId !== tx.tokenId) throw wrongToken(sender, tx.tokenId)
  if (tx.nonce < sender.nonce) {
    const facts = { nonce: tx.nonce, accountNonce: sender.nonce }
    throw new InvalidNonce(`the nonce ${tx.nonce} is used up: the account is at ${sender.nonce}`, facts)
  }
  const cost = tx.amount + fee
  if (sender.balance < cost) {
    const facts = { balance: sender.balance.toString(), amount: tx.amount.toString(), fee: fee.toString() }
    throw new NotEnoughBalance(`the account holds ${sender.balance}, the transaction costs ${cost}`, facts)
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
