/** L1 transactions: what may enter a queue, and when a queue is forged. */
import test from 'ava'
import { encodeFunctionData, getAddress, parseEther, parseSignature, size } from 'viem'
import { abi as tokenAbi } from '../../contracts/artifacts/Token.ts'
import { useAnvil } from '../support/anvil.ts'
import { alice, deployer, kit, queued, revertText, type Deposit, type Kit } from './kit.ts'

const anvil = useAnvil(test)
const fresh = async (): Promise<Kit> => kit((await anvil()).rpcUrl)

const MAX_FLOAT = 2 ** 40 - 1

async function indexes(one: Kit): Promise<{ forging: number; filling: number }> {
  const [forging, filling] = await Promise.all([
    one.chain.readContract({ ...one.rollup, functionName: 'nextL1ToForgeQueue' }),
    one.chain.readContract({ ...one.rollup, functionName: 'nextL1FillingQueue' }),
  ])
  return { forging, filling }
}

const userTxs = (one: Kit, receipt: Parameters<Kit['events']>[0]): unknown =>
  one.events(receipt, one.contracts.rollup).map(event => event.args['l1UserTxsLen'])

test.serial('a deposit waits through one L1 batch and is in the second', async t => {
  const one = await fresh()
  t.deepEqual(await indexes(one), { forging: 0, filling: 1 })
  await one.forge({ l1: true })
  t.deepEqual(await indexes(one), { forging: 1, filling: 2 })
  const receipt = await one.deposit()
  t.deepEqual(one.events(receipt, one.contracts.rollup), [
    { eventName: 'L1UserTxEvent', args: { queueIndex: 2, position: 0, l1UserTx: queued().toLowerCase() } },
  ])
  t.deepEqual(userTxs(one, await one.forge({ l1: true })), [0])
  t.deepEqual(await indexes(one), { forging: 2, filling: 3 })
  t.deepEqual(userTxs(one, await one.forge({ l1: true, newLastIdx: 256 })), [1])
  t.deepEqual(await indexes(one), { forging: 3, filling: 4 })
  t.is(await one.chain.readContract({ ...one.rollup, functionName: 'mapL1TxQueue', args: [2] }), '0x')
})

test.serial('a deposit before the first batch is forged by the second L1 batch', async t => {
  const one = await fresh()
  await one.deposit()
  t.deepEqual(userTxs(one, await one.forge({ l1: true })), [0])
  t.deepEqual(userTxs(one, await one.forge({ l1: true })), [1])
})

test.serial('of 129 deposits the last spills into the next queue', async t => {
  const one = await fresh()
  await one.tools.setAutomine(false)
  const nonce = await one.chain.getTransactionCount({ address: alice.address })
  const send = (position: number) =>
    one.wallet.writeContract({
      ...one.rollup,
      functionName: 'addL1Transaction',
      args: [BigInt(position + 1), 0, 1000, 0, 0, 0, '0x'],
      value: 1000n,
      account: alice,
      nonce: nonce + position,
      gas: 300_000n,
    })
  const hashes = await Promise.all(Array.from({ length: 129 }, (_, position) => send(position)))
  await one.tools.setAutomine(true)
  await one.tools.mine({ blocks: 3 })
  const receipts = await Promise.all(hashes.map(async hash => one.mined(Promise.resolve(hash))))
  const placed = receipts.map(receipt => {
    const args = one.events(receipt, one.contracts.rollup)[0]?.args
    return `${String(args?.['queueIndex'])}/${String(args?.['position'])}`
  })
  t.deepEqual(placed, [...Array.from({ length: 128 }, (_, position) => `1/${position}`), '2/0'])
  const whole = await one.chain.readContract({ ...one.rollup, functionName: 'mapL1TxQueue', args: [1] })
  const expected = Array.from({ length: 128 }, (_, position) => queued({ key: BigInt(position + 1) }).slice(2)).join('')
  t.is(whole, `0x${expected.toLowerCase()}`)
  t.deepEqual(await indexes(one), { forging: 0, filling: 2 })
  t.deepEqual(userTxs(one, await one.forge({ l1: true })), [0])
  t.deepEqual(await indexes(one), { forging: 1, filling: 2 })
  t.deepEqual(userTxs(one, await one.forge({ l1: true })), [128])
  t.deepEqual(await indexes(one), { forging: 2, filling: 3 })
  t.deepEqual(userTxs(one, await one.forge({ l1: true })), [1])
})

test.serial('coins and tokens must be paid exactly', async t => {
  const one = await fresh()
  const prefix = 'Hermez::addL1Transaction:'
  const refused = async (wanted: Partial<Deposit>): Promise<string> => revertText(t, one.deposit(wanted))
  t.is(await refused({ value: 999n }), `${prefix} LOADAMOUNT_ETH_DOES_NOT_MATCH`)
  t.is(await refused({ tokenId: 1 }), `${prefix} MSG_VALUE_NOT_EQUAL_0`)
  t.is(await refused({ tokenId: 2, value: 0n }), `${prefix} TOKEN_NOT_REGISTERED`)
  t.is(await refused({ loadAmountF: MAX_FLOAT, value: 0n }), `${prefix} LOADAMOUNT_EXCEED_LIMIT`)
  t.is(await refused({ tokenId: 1, value: 0n }), 'TOKEN_TRANSFER_FAILED')
  // mantissa 5, exponent 17: half a coin
  const half = 17 * 2 ** 35 + 5
  await one.deposit({ loadAmountF: half, value: parseEther('0.5') })
  t.is(await one.chain.getBalance({ address: one.contracts.rollup }), parseEther('0.5'))
})

test.serial('a token deposit is taken after an approval or with a permit', async t => {
  const one = await fresh()
  const amount = 1000n
  await one.mined(
    one.wallet.writeContract({
      ...one.token,
      functionName: 'mint',
      args: [alice.address, 2n * amount],
      account: alice,
    }),
  )
  await one.mined(
    one.wallet.writeContract({
      ...one.token,
      functionName: 'approve',
      args: [one.contracts.rollup, amount],
      account: alice,
    }),
  )
  await one.deposit({ tokenId: 1, value: 0n })
  const deadline = 2n ** 63n
  const message = { owner: alice.address, spender: one.contracts.rollup, value: amount, nonce: 0n, deadline }
  const signature = parseSignature(
    await alice.signTypedData({
      domain: { name: 'Forgekeeper Test Token', version: '1', chainId: 31_337, verifyingContract: one.contracts.token },
      types: {
        Permit: [
          { name: 'owner', type: 'address' },
          { name: 'spender', type: 'address' },
          { name: 'value', type: 'uint256' },
          { name: 'nonce', type: 'uint256' },
          { name: 'deadline', type: 'uint256' },
        ],
      },
      primaryType: 'Permit',
      message,
    }),
  )
  const args = [
    alice.address,
    one.contracts.rollup,
    amount,
    deadline,
    27 + signature.yParity,
    signature.r,
    signature.s,
  ] as const
  const permit = encodeFunctionData({ abi: tokenAbi, functionName: 'permit', args })
  t.is(size(permit), 4 + 7 * 32)
  await one.deposit({ tokenId: 1, value: 0n, permit })
  t.is(
    await one.chain.readContract({ ...one.token, functionName: 'balanceOf', args: [one.contracts.rollup] }),
    2n * amount,
  )
})

test.serial('account indices and amounts follow the rules of transfers, exits and deposits', async t => {
  const one = await fresh()
  await one.forge({ l1: true, newLastIdx: 260 })
  const none = { loadAmountF: 0, value: 0n }
  const refused = async (wanted: Partial<Deposit>): Promise<string> => {
    const text = await revertText(t, one.deposit(wanted))
    return text.replace('Hermez::_addL1Transaction: ', '')
  }
  t.is(await refused({ amountF: 1 }), 'AMOUNT_MUST_BE_0_IF_NOT_TRANSFER')
  t.is(await refused({ fromIdx: 256, key: 0n, toIdx: 1 }), 'LOADAMOUNT_MUST_BE_0_IF_EXIT')
  t.is(await refused({ toIdx: 261 }), 'INVALID_TOIDX')
  t.is(await refused({ toIdx: 255 }), 'INVALID_TOIDX')
  t.is(await refused({ key: 0n }), 'INVALID_CREATE_ACCOUNT_WITH_NO_BABYJUB')
  t.is(await refused({ ...none, toIdx: 1 }), 'INVALID_CREATE_ACCOUNT_EXIT')
  t.is(await refused({ fromIdx: 255, key: 0n }), 'INVALID_FROMIDX')
  t.is(await refused({ fromIdx: 261, key: 0n }), 'INVALID_FROMIDX')
  t.is(await refused({ fromIdx: 256 }), 'BABYJUB_MUST_BE_0_IF_NOT_CREATE_ACCOUNT')
  await one.deposit({ toIdx: 256, amountF: 5 })
  await one.deposit({ ...none, fromIdx: 256, key: 0n, amountF: 5, toIdx: 1 })
  await one.deposit({ fromIdx: 256, key: 0n, amountF: 5, toIdx: 257 })
})

test.serial('tokens are registered once, for a fee unless by the governance', async t => {
  const one = await fresh()
  const add = (account: typeof alice, token: `0x${string}`) =>
    one.chain.simulateContract({ ...one.rollup, functionName: 'addToken', args: [token, '0x'], account })
  t.is(await revertText(t, add(alice, one.contracts.token)), 'Hermez::addToken: TOKEN_ALREADY_REGISTERED')
  await one.mined(
    one.wallet.writeContract({ ...one.rollup, functionName: 'updateFeeAddToken', args: [5n], account: deployer }),
  )
  const another = await fresh()
  t.is(await revertText(t, add(alice, another.contracts.token)), 'TOKEN_TRANSFER_FAILED')
  const { request } = await add(deployer, another.contracts.token)
  const receipt = await one.mined(one.wallet.writeContract({ ...request, account: deployer }))
  t.deepEqual(one.events(receipt, one.contracts.rollup), [
    { eventName: 'AddToken', args: { tokenAddress: getAddress(another.token.address), tokenID: 2 } },
  ])
  t.is(await one.chain.readContract({ ...one.rollup, functionName: 'registerTokensCount' }), 3n)
})
