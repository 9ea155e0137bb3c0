/** Deployment onto chains that mine at once and chains that mine in intervals, and that the artifacts are current. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import test from 'ava'
import { createPublicClient, getAddress, getContractAddress, http } from 'viem'
import { useAnvil } from '../support/anvil.ts'
import { deployer, forger, kit } from './kit.ts'

const intervals = useAnvil(test, { blockTimeSeconds: 0.1 })
const instant = useAnvil(test)
const script = fileURLToPath(new URL('../../scripts/compile-contracts.ts', import.meta.url))

test.serial(
  'a rollup with several circuits and small slots is deployed on a chain that mines in intervals',
  async t => {
    const circuits = [
      { maxTx: 8, nLevels: 32 },
      { maxTx: 512, nLevels: 48 },
    ]
    const options = { verifiers: circuits, blocksPerSlot: 255, slotDeadline: 10, genesisOffset: 30 }
    const { contracts, chain, rollup, auction } = await kit((await intervals()).rpcUrl, options)
    t.is(await chain.readContract({ ...rollup, functionName: 'rollupVerifiersLength' }), 2n)
    for (const [position, circuit] of circuits.entries()) {
      const found = await chain.readContract({ ...rollup, functionName: 'rollupVerifiers', args: [BigInt(position)] })
      const [address, maxTx, nLevels] = found
      t.is(address.toLowerCase(), contracts.verifiers[position]?.toLowerCase() ?? '')
      t.deepEqual([Number(maxTx), Number(nLevels)], [circuit.maxTx, circuit.nLevels])
    }
    t.is(await chain.readContract({ ...auction, functionName: 'BLOCKS_PER_SLOT' }), 255)
    t.is(await chain.readContract({ ...auction, functionName: 'getSlotDeadline' }), 10)
    t.is(await chain.readContract({ ...auction, functionName: 'getBootCoordinator' }), forger.address)
    t.is(await chain.readContract({ ...auction, functionName: 'genesisBlock' }), contracts.genesisBlock)
  },
)

test.serial('the addresses of the rollup and the auction can be known before', async t => {
  const chain = createPublicClient({ transport: http((await instant()).rpcUrl) })
  const nonce = BigInt(await chain.getTransactionCount({ address: deployer.address }))
  const { contracts } = await kit((await instant()).rpcUrl)
  const expected = [nonce, nonce + 1n].map(next => getContractAddress({ from: deployer.address, nonce: next }))
  t.deepEqual([getAddress(contracts.rollup), getAddress(contracts.auction)], expected)
})

test.serial('no log of the contracts is older than the block that is told', async t => {
  const { contracts, chain } = await kit((await instant()).rpcUrl)
  const logs = await chain.getLogs({ address: [contracts.rollup, contracts.auction], fromBlock: 0n })
  t.true(logs.length > 0 && logs.every(log => log.blockNumber >= contracts.deployedAtBlock))
})

test.serial('the artifacts are current', async t => {
  await t.notThrowsAsync(promisify(execFile)(process.execPath, [script, '--check']))
})
