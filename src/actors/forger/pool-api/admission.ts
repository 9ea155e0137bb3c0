/**
 * Lets a transaction into the pool or refuses it. The cheap checks come first, the signature last, and one row is written
 * at the very end: whatever is refused leaves nothing behind. Reference 9.9 for the codes.
 */
import { UniqueConstraintViolationException } from '@mikro-orm/core'
import type { Clock } from '../../../clock.ts'
import { AccountCreationAuth, PoolTx } from '../../../entities/forger/pool-tx.ts'
import type { Orm } from '../../../entities/orm.ts'
import { ZERO_ETH_ADDR, type AccountLeaf, type Hex } from '../rollup/types.ts'
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
}

/** Stores the transaction as pending. Throws PoolRefusal 2 or 8 to 13, 26, 27; transient errors while the node is not up. */
export async function admit(deps: AdmissionDeps, submission: Submission, clientIp: string): Promise<void> {
  const sender = await checkSender(deps, submission)
  await checkReceiver(deps, submission)
  const giveBack = await deps.room.take()
  try {
    await checkSignature(deps, submission, sender)
    await store(deps, submission, clientIp)
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

async function store(
  { orm, clock }: AdmissionDeps,
  { tx, type, txId, toBjj }: Submission,
  clientIp: string,
): Promise<void> {
  try {
    await orm()
      .em.fork()
      .insert(PoolTx, {
        txId,
        type,
        fromIdx: BigInt(tx.fromIdx),
        toIdx: BigInt(tx.toIdx),
        toEthAddr: tx.toEthAddr === ZERO_ETH_ADDR ? null : tx.toEthAddr,
        toBjj,
        tokenId: BigInt(tx.tokenId),
        amount: tx.amount,
        fee: tx.userFee,
        nonce: BigInt(tx.nonce),
        maxNumBatch: 0n,
        signature: tx.signature,
        state: 'pend',
        externalDelete: false,
        clientIp,
        receivedAt: new Date(clock.now()),
      })
  } catch (error) {
    if (error instanceof UniqueConstraintViolationException) {
      throw new DuplicatedKey(`the transaction ${txId} is in the pool already`, { id: txId })
    }
    throw error
  }
}
