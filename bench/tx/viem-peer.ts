/**
 * The rival: plain viem with its nonceManager, so many sends in flight, until all are mined. It keeps nothing and
 * survives nothing; its figure is what a good script does. In a process of its own; prints JSON.
 *
 *   node bench/tx/viem-peer.ts RPC_URL KEY COUNT IN_FLIGHT plain|given
 *
 * `plain` lets viem prepare everything, as a script would; `given` spares it gas and fees.
 */
import { createPublicClient, createWalletClient, http, numberToHex, parseGwei, type Hex } from 'viem'
import { nonceManager, privateKeyToAccount } from 'viem/accounts'
import { foundry } from 'viem/chains'
import { TARGET } from './world.ts'

const [url = '', key = '0x', count = '0', inFlight = '64', mode = 'plain'] = process.argv.slice(2)
const account = privateKeyToAccount(key as Hex, { nonceManager }) // given by our parent
const transport = http(url)
const wallet = createWalletClient({ account, chain: foundry, transport })
const chain = createPublicClient({ transport, cacheTime: 0 })
const total = Number(count)
const given =
  mode === 'given' ? { gas: 60_000n, maxFeePerGas: parseGwei('20'), maxPriorityFeePerGas: parseGwei('1') } : {}

const before = await chain.getTransactionCount({ address: account.address })
const began = performance.now()
const cpu = process.cpuUsage()
let next = 0
await Promise.all(
  Array.from({ length: Number(inFlight) }, async () => {
    while (next < total) {
      const data = numberToHex((next += 1), { size: 8 })
      await wallet.sendTransaction({ to: TARGET, data, ...given })
    }
  }),
)
while ((await chain.getTransactionCount({ address: account.address })) < before + total)
  await new Promise(resolve => setTimeout(resolve, 20))
const seconds = (performance.now() - began) / 1000
const { user, system } = process.cpuUsage(cpu)
process.stdout.write(`${JSON.stringify({ perSecond: total / seconds, cpuUs: (user + system) / total })}\n`)
