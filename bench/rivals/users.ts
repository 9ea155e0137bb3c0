/** Users of the rollup who hand their transfers to one forger, to the other, or to both. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createWalletClient, http, parseEther, type Hex } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { foundry } from 'viem/chains'
import { rollupAbi } from '../../src/actors/forger/contracts.ts'
import { submissionOf, transferOf } from '../../src/actors/forger/demo/wallet.ts'
import { compressKey, secretFromSeed, seedFromEthKey } from '../../src/actors/forger/rollup/bjj.ts'
import { encodeFloat40 } from '../../src/actors/forger/rollup/float40.ts'
import { askRival } from './duel.ts'
import type { Rival, RivalWorld } from './world.ts'

const DEPOSIT = parseEther('100')
/** 10^-15 of the amount or so: a fee that counts in comparisons and empties nobody. */
const FEE_SELECTOR = 100

export interface Users {
  /** Whether every user has an account in the eyes of this forger. */
  known(by: Rival): Promise<boolean>
  /** A transfer of user `from` to the next one, with an amount nobody else sends; answers `fromIdx:amount`. */
  send(from: number, to: readonly Rival[]): Promise<string>
}

/** Sends every user's deposit; they are accounts as soon as it is mined and forged. */
export async function openUsers(world: RivalWorld): Promise<Users> {
  for (const key of world.userKeys) await deposit(world, key)
  const nonces = new Map<number, number>()
  let sent = 0
  const idxOf = async (user: number, by: Rival): Promise<number | null> => {
    const { address } = privateKeyToAccount(keyAt(world, user))
    const path = `/v1/forger/accounts?hezEthereumAddress=hez:${address}`
    const found = await askRival<{ accounts: readonly { itemId: number }[] }>(by, path)
    return found?.accounts[0]?.itemId ?? null
  }
  return {
    known: async by => {
      for (const user of world.userKeys.keys()) if ((await idxOf(user, by)) === null) return false
      return true
    },
    send: async (from, to) => {
      const [one] = to
      const next = (from + 1) % world.userKeys.length
      const [fromIdx, toIdx] = one ? [await idxOf(from, one), await idxOf(next, one)] : [null, null]
      if (fromIdx === null || toIdx === null) throw new Error(`user ${from} or ${next} has no account`)
      const nonce = nonces.get(from) ?? 0
      nonces.set(from, nonce + 1)
      sent += 1
      const amount = BigInt(sent) * 10n ** 12n
      const tx = transferOf({ fromIdx, toIdx, amount, nonce, userFee: FEE_SELECTOR })
      for (const rival of to) await submit(rival, submissionOf(tx, world.chainId, seedFromEthKey(keyAt(world, from))))
      return `${fromIdx}:${amount}`
    },
  }
}

const keyAt = (world: RivalWorld, user: number): Hex => {
  const key = world.userKeys[user]
  if (!key) throw new Error(`there is no user ${user}`)
  return key
}

async function deposit({ rpcUrl, contracts }: RivalWorld, key: Hex): Promise<void> {
  const bjj = compressKey(secretFromSeed(seedFromEthKey(key)).publicKey)
  const wallet = createWalletClient({ account: privateKeyToAccount(key), chain: foundry, transport: http(rpcUrl) })
  await wallet.writeContract({
    address: contracts.rollup,
    abi: rollupAbi,
    functionName: 'addL1Transaction',
    args: [BigInt(bjj), 0, encodeFloat40(DEPOSIT), 0, 0, 0, '0x'],
    value: DEPOSIT,
    gas: 300_000n,
  })
}

async function submit(rival: Rival, body: string): Promise<void> {
  const { url } = JSON.parse(await readFile(join(rival.folder, 'data', 'daemon.json'), 'utf8')) as { url: string } // its own note
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body }
  const answer = await fetch(`${url}/v1/transactions-pool`, init)
  if (!answer.ok) throw new Error(`${rival.name} refused a transfer: ${answer.status} ${await answer.text()}`)
}
