/**
 * Some users who open rollup accounts by L1 deposits and then send each other signed L2 transfers, through the same
 * public interfaces as anybody: the chain and the pool API.
 */
import { createPublicClient, createWalletClient, http, parseEther, type Address, type Hex } from 'viem'
import { privateKeyToAccount, type PrivateKeyAccount } from 'viem/accounts'
import { defineActor, type Context } from '../../kit/actor.ts'
import { rollupAbi } from '../contracts.ts'
import { compressKey, secretFromSeed, seedFromEthKey } from '../rollup/bjj.ts'
import { encodeFloat40 } from '../rollup/float40.ts'
import { submissionOf, transferOf } from './wallet.ts'

export interface TrafficArgs {
  readonly rpcUrl: string
  readonly chainId: number
  readonly rollup: Address
  readonly keys: readonly Hex[]
  readonly fetch: typeof globalThis.fetch
  /** Where the daemon listens; null until it does. */
  readonly httpUrl: () => string | null
  /** Milliseconds between two transfers. */
  readonly everyMs: number
}

interface User {
  readonly account: PrivateKeyAccount
  readonly seed: Uint8Array
  /** Account index in the rollup; null until a deposit was forged. */
  idx: number | null
  nonce: number
}

interface State {
  readonly args: TrafficArgs
  readonly users: readonly User[]
  /** Whether every user's deposit has been sent. */
  deposited: boolean
}

type Message = { readonly type: 'tick' }
type Ctx = Context<Message>

const DEPOSIT = parseEther('10')
/** 10^-15 of the amount or so: a fee that counts in comparisons and empties nobody. */
const FEE_SELECTOR = 100

export const traffic = defineActor<TrafficArgs, Message, State>({
  kind: 'forger/demo-traffic',
  mailbox: { capacity: 4, overflow: 'coalesce' },
  start(args, ctx) {
    ctx.every(args.everyMs, { type: 'tick' })
    const users = args.keys.map(key => ({
      account: privateKeyToAccount(key),
      seed: seedFromEthKey(key),
      idx: null,
      nonce: 0,
    }))
    return { args, users, deposited: false }
  },
  async receive(state, _, ctx) {
    try {
      await act(state, ctx)
    } catch (error) {
      ctx.signal.throwIfAborted()
      ctx.log.debug('a user could not act', { because: String(error) }) // users try again, that is all they do
    }
    return state
  },
})

async function act(state: State, ctx: Ctx): Promise<void> {
  const { args, users } = state
  const url = args.httpUrl()
  if (url === null) return
  if (!state.deposited) state.deposited = await depositAll(args, users)
  for (const user of users) if (user.idx === null) await findAccount(args, url, user, ctx.signal)
  const senders = users.filter(user => user.idx !== null)
  const from = senders[Math.floor(ctx.random() * senders.length)]
  const others = senders.filter(user => user !== from)
  const to = others[Math.floor(ctx.random() * others.length)]
  if (from && to) await transfer(args, url, from, to, ctx)
}

/** Users whose first transaction was made already have deposited in a former life. */
async function depositAll({ rpcUrl, rollup }: TrafficArgs, users: readonly User[]): Promise<boolean> {
  const transport = http(rpcUrl)
  const chain = createPublicClient({ transport })
  for (const { account, seed } of users) {
    if ((await chain.getTransactionCount({ address: account.address, blockTag: 'pending' })) > 0) continue
    const key = compressKey(secretFromSeed(seed).publicKey)
    await createWalletClient({ account, transport }).writeContract({
      chain: null,
      address: rollup,
      abi: rollupAbi,
      functionName: 'addL1Transaction',
      args: [BigInt(key), 0, encodeFloat40(DEPOSIT), 0, 0, 0, '0x'],
      value: DEPOSIT,
      gas: 300_000n,
    })
  }
  return true
}

interface ShownAccount {
  readonly itemId: number
  readonly nonce: number
}

/** The account and its next nonce, counting what waits in the pool already. */
async function findAccount({ fetch }: TrafficArgs, url: string, user: User, signal: AbortSignal): Promise<void> {
  const found = await fetch(`${url}/v1/forger/accounts?hezEthereumAddress=hez:${user.account.address}`, { signal })
  if (!found.ok) return
  const { accounts } = (await found.json()) as { accounts: readonly ShownAccount[] } // our own API
  const [account] = accounts
  if (account === undefined) return
  const pool = `${url}/v1/transactions-pool?fromAccountIndex=${account.itemId}&state=pend&limit=2049`
  const { transactions } = (await (await fetch(pool, { signal })).json()) as { transactions: { nonce: number }[] }
  user.nonce = Math.max(account.nonce, ...transactions.map(tx => tx.nonce + 1))
  user.idx = account.itemId
}

async function transfer(args: TrafficArgs, url: string, from: User, to: User, ctx: Ctx): Promise<void> {
  const milli = 1n + BigInt(Math.floor(ctx.random() * 50))
  const tx = transferOf({
    fromIdx: from.idx ?? 0,
    toIdx: to.idx ?? 0,
    amount: milli * 10n ** 15n,
    nonce: from.nonce,
    userFee: FEE_SELECTOR,
  })
  const answer = await args.fetch(`${url}/v1/transactions-pool`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: submissionOf(tx, args.chainId, from.seed),
    signal: ctx.signal,
  })
  if (answer.ok) from.nonce += 1
  else {
    from.idx = null // looked up again: the nonce or the balance is not what we think
    ctx.log.debug('a transfer was refused', { status: answer.status, answer: (await answer.text()).slice(0, 200) })
  }
}
