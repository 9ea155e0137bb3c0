/**
 * Users that deposit on L1 and then send signed transfers through the pool API. Each transfer's amount is its own, so
 * that it can be found again on the chain.
 */
import { createPublicClient, createWalletClient, http, parseEther, type Hex } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { rollupAbi } from '../../src/actors/forger/contracts.ts'
import { submissionOf, transferOf } from '../../src/actors/forger/demo/wallet.ts'
import { compressKey, secretFromSeed, seedFromEthKey } from '../../src/actors/forger/rollup/bjj.ts'
import { encodeFloat40 } from '../../src/actors/forger/rollup/float40.ts'
import { pause } from './daemon.ts'
import type { LoadWorld } from './world.ts'

interface User {
  readonly key: Hex
  readonly seed: Uint8Array
  idx: number
  nonce: number
}

export interface Sent {
  readonly fromIdx: number
  readonly amount: bigint
}

export interface Traffic {
  /** Transfers the API accepted. */
  readonly accepted: readonly Sent[]
  readonly refused: number
  /** Sends `count` transfers one after the other, waiting out a daemon that is away. */
  send(count: number): Promise<void>
  /** Sends `count` transfers, many at once. */
  fill(count: number): Promise<void>
}

const DEPOSIT = parseEther('1000')
const UNIT = 10n ** 12n
const FEE_SELECTOR = 100
/** Requests under way while the pool is filled. */
const AT_ONCE = 32

export async function deposit(world: LoadWorld): Promise<void> {
  const transport = http(world.anvil.rpcUrl)
  const chain = createPublicClient({ transport })
  const hashes = await Promise.all(
    world.userKeys.map(key => {
      const account = privateKeyToAccount(key)
      const bjj = compressKey(secretFromSeed(seedFromEthKey(key)).publicKey)
      return createWalletClient({ account, transport }).writeContract({
        chain: null,
        address: world.contracts.rollup,
        abi: rollupAbi,
        functionName: 'addL1Transaction',
        args: [BigInt(bjj), 0, encodeFloat40(DEPOSIT), 0, 0, 0, '0x'],
        value: DEPOSIT,
        gas: 300_000n,
      })
    }),
  )
  await Promise.all(hashes.map(hash => chain.waitForTransactionReceipt({ hash, timeout: 60_000 })))
}

/** Waits until the deposits are forged, then sends on demand. `url` may change when the daemon is started again. */
export async function openTraffic(world: LoadWorld, url: () => string): Promise<Traffic> {
  const users = await Promise.all(world.userKeys.map(key => findUser(key, url)))
  const accepted: Sent[] = []
  let refused = 0
  let turn = 0
  /** A transfer of a user, who has no other under way, to the next. */
  const one = async (user: number): Promise<void> => {
    const from = users[user]
    const to = users[(user + 1) % users.length]
    turn += 1
    const amount = BigInt(turn) * UNIT
    if (!from || !to) return
    const { idx: fromIdx, nonce, seed } = from
    const tx = transferOf({ fromIdx, toIdx: to.idx, amount, nonce, userFee: FEE_SELECTOR })
    const answer = await post(url, submissionOf(tx, world.chainId, seed))
    if (answer === 'refused') return void (refused += 1)
    from.nonce += 1
    accepted.push({ fromIdx: from.idx, amount })
  }
  return {
    accepted,
    get refused() {
      return refused
    },
    send: async count => {
      for (let sent = 0; sent < count; sent += 1) await one(turn % users.length)
    },
    fill: async count => {
      let left = count
      /** Every AT_ONCE-th user from this one on, in turn: nobody has two transfers under way. */
      const stream = async (first: number): Promise<void> => {
        let user = first
        while (left > 0) {
          left -= 1
          await one(user)
          user = user + AT_ONCE < users.length ? user + AT_ONCE : first
        }
      }
      await Promise.all(Array.from({ length: Math.min(AT_ONCE, users.length) }, (_, first) => stream(first)))
    },
  }
}

async function findUser(key: Hex, url: () => string): Promise<User> {
  const { address } = privateKeyToAccount(key)
  for (;;) {
    const answer = await fetch(`${url()}/v1/forger/accounts?hezEthereumAddress=hez:${address}`).catch(() => null)
    if (answer?.ok) {
      const { accounts } = (await answer.json()) as { accounts: { itemId: number; nonce: number }[] } // our own API
      const [account] = accounts
      if (account) return { key, seed: seedFromEthKey(key), idx: account.itemId, nonce: account.nonce }
    }
    await pause(300)
  }
}

/**
 * Tries until the daemon has taken it or knows it already: an answer that was lost is asked for again, and then its nonce
 * may also have been used, by itself.
 */
async function post(url: () => string, body: string): Promise<'accepted' | 'refused'> {
  for (let lost = false; ;) {
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body }
    const answer = await fetch(`${url()}/v1/transactions-pool`, init).catch(() => null)
    if (answer?.ok) return 'accepted'
    const text = (await answer?.text().catch(() => '')) ?? ''
    if (/ErrDuplicatedKey/.test(text) || (lost && /ErrInvalidNonce/.test(text))) return 'accepted'
    lost ||= answer === null
    if (answer && answer.status < 500 && answer.status !== 429) {
      console.error(`refused: ${answer.status} ${text}`)
      return 'refused'
    }
    await pause(100)
  }
}
