/**
 * What becomes of a transaction that a node knows already, keeps too long, or never got because the daemon died: the
 * coordinator and its lane behind a proxy with geth's rules. One nonce, one closing, whatever was sent in between.
 * The limit of waiting passes by making the rows older.
 */
import test, { type ExecutionContext } from 'ava'
import { keccak256, parseTransaction, type Hex } from 'viem'
import { coordinator } from '../../../src/actors/finalizer/messages.ts'
import { txManagerOf } from '../../../src/actors/lanes/tx-manager-messages.ts'
import { Closing } from '../../../src/entities/finalizer/session.ts'
import { Decision } from '../../../src/entities/kernel/decision.ts'
import { Attempt } from '../../../src/entities/kernel/intent.ts'
import { useAnvil } from '../../support/anvil.ts'
import { useFaultProxy, type FaultProxy, type RpcReply } from '../../support/fault-proxy.ts'
import { useFinalizerDatabase } from '../../support/finalizer-database.ts'
import { BUMP_AFTER_MS, CHAIN, openLine, type Line, type LineOptions } from '../../support/finalizer-line.ts'
import { GWEI } from '../../support/lane-limits.ts'
import { AUTO_IMPERSONATE, operatorAt } from '../../support/proof-chain.ts'
import { waitFor } from '../../support/patience.ts'

const databases = useFinalizerDatabase(test)
const anvil = useAnvil(test, { args: [...AUTO_IMPERSONATE] })
const proxied = useFaultProxy(test)

const LANE = txManagerOf(CHAIN, 'finalizer')
const SEND = 'eth_sendRawTransaction'

/** A line behind a proxy, with a session of height 10 that is not due yet. */
async function behindProxy(t: ExecutionContext, options: LineOptions = {}): Promise<{ line: Line; proxy: FaultProxy }> {
  const { rpcUrl } = await anvil()
  const proxy = await proxied(rpcUrl)
  const line = await openLine(t, await databases.open(t), rpcUrl, { ...options, through: proxy.url })
  await line.kit.submit('specimen', { operator: operatorAt(0), height: 10n })
  await line.until(10n, 'waiting')
  return { line, proxy }
}

/** The session becomes due, and from now on blocks come when the test says so. */
async function becomesDue(t: ExecutionContext, line: Line): Promise<void> {
  const { kit } = line
  await kit.tools.setAutomine(false)
  t.teardown(() => kit.tools.setAutomine(true))
  const { deadline } = await line.session(10n)
  await kit.nextBlockIs((deadline ?? 0n) + 2n)
}

/** Every signed version, oldest first. */
const versions = ({ orm }: Line): Promise<Attempt[]> => orm.em.fork().find(Attempt, {}, { orderBy: { id: 'asc' } })

/** Waits until so many versions were handed to a node. */
async function handedOver(line: Line, count: number): Promise<Attempt[]> {
  await waitFor(`version ${count} is handed over`, async () => {
    const all = await versions(line)
    return all.length >= count && all.at(-1)?.state === 'broadcast'
  })
  return versions(line)
}

/** Everything was signed this part of the limit earlier. */
const older = ({ orm }: Line, part: number): Promise<unknown> => {
  const seconds = (BUMP_AFTER_MS / 1_000) * part
  return orm.em.fork().execute(`update kernel.attempt set signed_at = signed_at - ${seconds} * interval '1 second'`)
}

/** The bytes that were handed to the node, in order. */
const sends = ({ calls }: FaultProxy): Hex[] =>
  calls.filter(({ method }) => method === SEND).map(({ params }) => params[0] as Hex) // what that method takes

const distinct = (sent: readonly Hex[]): Hex[] => [...new Set(sent)]

/** Waits until the lane has looked at the chain some times more: it asks for the count of its account once a pass. */
async function lookedAgain({ account }: Line, { calls }: FaultProxy): Promise<void> {
  const before = calls.length
  const looks = (): number =>
    calls.slice(before).filter(({ method, params }) => method === 'eth_getTransactionCount' && isOf(account, params[0]))
      .length
  await waitFor('the lane looks again', () => looks() >= 3)
}

const isOf = (account: string, address: unknown): boolean => String(address).toLowerCase() === account.toLowerCase()

const pendingNonce = ({ kit, account }: Line): Promise<number> =>
  kit.chain.getTransactionCount({ address: account, blockTag: 'pending' })

/** Mines what is in the pool to its depth: the session is closed by this transaction, by no other, and one time. */
async function closedOnceBy(t: ExecutionContext, line: Line, hash: string | undefined): Promise<void> {
  await line.mine()
  await line.until(10n, 'mined')
  await line.mine(3)
  const session = await line.until(10n, 'finalized')
  t.like(session, { closedTx: hash, wishes: 1, attempts: 0 })
  const wished = async () => (await line.intents()).filter(({ key }) => key === session.intentKey)
  await waitFor('the outcome is told', async () =>
    (await wished()).every(({ acknowledgedAt }) => acknowledgedAt !== null),
  )
  const intents = await wished()
  t.is(intents.length, 1)
  t.like(intents[0], { state: 'confirmed', minedHash: hash })
  const em = line.orm.em.fork()
  t.is(await em.count(Closing, { originHeight: 10n }), 1)
  t.is(await em.count(Decision, { subject: intents[0]?.subject ?? '', choice: 'finalize' }), 1)
  const mined = await line.kit.chain.getTransaction({ hash: hash as Hex }) // of a stored attempt
  t.is(intents[0]?.nonce, mined.nonce)
}

/** What the bytes say must be what the rows say, and each version a valid replacement of the one before. */
function replaceEachOther(t: ExecutionContext, all: readonly Attempt[]): void {
  const bytes = all.map(({ raw }) => parseTransaction(raw as `0x02${string}`)) // anvil has EIP-1559
  t.deepEqual(
    all.map(({ raw, hash }) => keccak256(raw as Hex) === hash),
    all.map(() => true),
  )
  for (const [at, newer] of bytes.entries()) {
    const before = bytes[at - 1]
    if (before === undefined) continue
    t.deepEqual([newer.nonce, newer.to, newer.data], [before.nonce, before.to, before.data])
    for (const field of ['maxFeePerGas', 'maxPriorityFeePerGas'] as const)
      t.true((newer[field] ?? 0n) * 10n >= (before[field] ?? 0n) * 11n, `${field} of version ${at + 1}`)
  }
}

test.serial(
  'scenario 19: "already known" is followed by waiting for the receipt of the hash that was computed here',
  async t => {
    const { line, proxy } = await behindProxy(t)
    const replies: RpcReply[] = []
    proxy.on(SEND, async (_, forward) => {
      replies.push(await forward())
      return replies.length === 1 ? 'reset' : (replies.at(-1) ?? 'reset') // the first answer is lost on the way
    })
    await becomesDue(t, line)
    const [attempt] = await handedOver(line, 1)
    t.deepEqual(replies.at(-1), { error: { code: -32_000, message: 'already known' } })
    t.is(attempt?.hash, keccak256(sends(proxy)[0] ?? '0x'))
    t.deepEqual(distinct(sends(proxy)), [attempt?.raw as Hex], 'the same bytes each time')
    const sent = sends(proxy).length
    await lookedAgain(line, proxy)
    t.is(sends(proxy).length, sent, 'it waits')
    t.is((await line.session(10n)).state, 'submitted')
    t.deepEqual([await line.nonce(), await pendingNonce(line)], [0, 1])
    await closedOnceBy(t, line, attempt?.hash)
    t.true(
      proxy.calls.some(({ method, params }) => method === 'eth_getTransactionReceipt' && params[0] === attempt?.hash),
    )
    t.is((await versions(line)).length, 1)
    t.is(await line.nonce(), 1)
  },
)

/** A session whose transaction was not mined within the limit and has just been replaced. */
async function replaced(t: ExecutionContext): Promise<{ line: Line; proxy: FaultProxy; all: Attempt[] }> {
  const { line, proxy } = await behindProxy(t)
  await becomesDue(t, line)
  await handedOver(line, 1)
  await older(line, 0.5)
  await lookedAgain(line, proxy)
  t.is((await versions(line)).length, 1, 'not before its time')
  await older(line, 0.5)
  const all = await handedOver(line, 2)
  t.deepEqual(
    all.map(({ nonce, state, purpose }) => ({ nonce, state, purpose })),
    [
      { nonce: 0, state: 'replaced', purpose: 'effect' },
      { nonce: 0, state: 'broadcast', purpose: 'effect' },
    ],
  )
  replaceEachOther(t, all)
  t.deepEqual(
    sends(proxy),
    all.map(({ raw }) => raw as Hex),
  )
  return { line, proxy, all }
}

test.serial(
  'scenario 20: without a receipt within the limit it is replaced at its nonce, and that one closes',
  async t => {
    const { line, all } = await replaced(t)
    await closedOnceBy(t, line, all[1]?.hash)
    await t.throwsAsync(line.kit.chain.getTransactionReceipt({ hash: all[0]?.hash as Hex }))
    t.is((await versions(line)).length, 2)
    t.is(await line.nonce(), 1)
  },
)

test.serial(
  'scenario 20: when the version that was replaced is mined after all, it closes the session once',
  async t => {
    const { line, proxy, all } = await replaced(t)
    const [first, second] = all
    await line.kit.tools.dropTransaction({ hash: second?.hash as Hex })
    await line.kit.chain.sendRawTransaction({ serializedTransaction: first?.raw as Hex })
    await closedOnceBy(t, line, first?.hash)
    await t.throwsAsync(line.kit.chain.getTransactionReceipt({ hash: second?.hash as Hex }))
    t.is(sends(proxy).length, 2, 'nothing was sent a third time')
    t.is(await line.nonce(), 1)
  },
)

test.serial(
  'scenario 21: at the ceiling it stays where it is with an alert, and the next takes the next nonce',
  async t => {
    const ceiling = 24n * GWEI
    const warned: string[] = []
    const { line, proxy } = await behindProxy(t, { warned, rules: { maxGasPrice: ceiling } })
    const { kit } = line
    // a node that takes all and has none of it mined
    proxy.on(SEND, async ({ params }) => ({ result: keccak256(params[0] as Hex) })) // what that method takes
    proxy.on('eth_getTransactionByHash', async ({ params }) => ({ result: { hash: params[0] } }))
    const { deadline } = await line.session(10n)
    await kit.nextBlockIs((deadline ?? 0n) + 1n)
    await kit.tools.setNextBlockBaseFeePerGas({ baseFeePerGas: 10n * GWEI })
    await line.mine()
    let count = 0
    while ((await line.intents())[0]?.because == null) {
      count = (await handedOver(line, count + 1)).length
      await older(line, 1)
      await waitFor('a better price, or none', async () => {
        const [intent] = await line.intents()
        return (await versions(line)).length > count || intent?.because != null
      })
    }
    const all = await versions(line)
    t.true(all.length > 1, 'it was replaced as long as that was allowed')
    replaceEachOther(t, all)
    const [intent] = await line.intents()
    t.like(intent, { state: 'sent', nonce: 0 })
    t.regex(intent?.because ?? '', /^a replacement needs .* the ceiling is 24 gwei$/)
    const last = all.at(-1)
    t.true((last?.maxFeePerGas ?? 0n) <= ceiling && (last?.maxFeePerGas ?? 0n) * 112n > ceiling * 100n)

    await kit.submit('specimen', { operator: operatorAt(0), height: 15n })
    const next = await line.until(15n, 'waiting')
    await kit.nextBlockIs((next.deadline ?? 0n) + 2n)
    const both = await handedOver(line, all.length + 1)
    t.deepEqual(
      both.map(({ nonce, purpose }) => `${nonce} ${purpose}`),
      [...all.map(() => '0 effect'), '1 effect'],
      'no no-op, and no second nonce for the first',
    )
    await lookedAgain(line, proxy)
    t.is((await versions(line)).length, both.length)
    const alerts = warned.filter(text => text === 'a transaction waits in the pool, its price cannot be raised')
    t.is(alerts.length, 1, 'one alert, not one a look')

    await kit.tools.setAutomine(false)
    t.teardown(() => kit.tools.setAutomine(true))
    for (const raw of [last?.raw, both.at(-1)?.raw])
      await kit.chain.sendRawTransaction({ serializedTransaction: raw as Hex }) // as stored
    await closedOnceBy(t, line, last?.hash)
    t.like(await line.until(15n, 'finalized'), { closedTx: both.at(-1)?.hash, wishes: 1 })
    t.is((await line.intents()).length, 2)
    t.is(await line.nonce(), 2)
  },
)

/**
 * Lane and coordinator die when the first bytes, stored a moment ago, are on their way; that request never reaches the
 * node. What was killed may send them once more before it notices: the same bytes, so they count as one.
 */
function dieWhileSending(line: Line, proxy: FaultProxy, then: { before?(): Promise<unknown>; reborn?: Promise<void> }) {
  let died = false
  proxy.on(SEND, async (_, forward) => {
    if (died) {
      await then.reborn
      return forward()
    }
    died = true
    await then.before?.()
    for (const { id } of [coordinator, LANE]) line.system.kill(id)
    return 'hang'
  })
}

test.serial(
  'scenario 32: killed between signing and sending, the bytes that were stored are sent, and none are signed again',
  async t => {
    const { line, proxy } = await behindProxy(t)
    const reborn = Promise.withResolvers<void>()
    dieWhileSending(line, proxy, { reborn: reborn.promise })
    await becomesDue(t, line)
    await waitFor('it is sent again', () => sends(proxy).length >= 2)
    const [stored, ...others] = await versions(line)
    t.deepEqual(others, [])
    t.like(stored, { state: 'signed', nonce: 0, broadcastAt: null })
    t.is(await pendingNonce(line), 0, 'the node had nothing')
    reborn.resolve()
    await handedOver(line, 1) // only the new life can note that
    t.deepEqual(distinct(sends(proxy)), [stored?.raw as Hex], 'nothing but the stored bytes')
    await closedOnceBy(t, line, stored?.hash)
    const after = await versions(line)
    t.deepEqual(
      after.map(({ raw, hash, nonce, state }) => ({ raw, hash, nonce, state })),
      [{ raw: stored?.raw, hash: stored?.hash, nonce: 0, state: 'mined' }],
    )
    t.is(await line.nonce(), 1)
  },
)

test.serial(
  'scenario 32: killed between signing and sending while gas became dearer, the stored bytes are replaced at their nonce',
  async t => {
    const { line, proxy } = await behindProxy(t)
    const { tools } = line.kit
    let stored: Attempt | undefined
    dieWhileSending(line, proxy, {
      before: async () => {
        ;[stored] = await versions(line)
        await older(line, 1)
        await tools.setNextBlockBaseFeePerGas({ baseFeePerGas: 50n * GWEI })
        await line.mine()
      },
    })
    t.teardown(async () => {
      await tools.setNextBlockBaseFeePerGas({ baseFeePerGas: GWEI })
      await line.mine()
    })
    await becomesDue(t, line)
    const all = await handedOver(line, 2)
    t.like(stored, { state: 'signed', nonce: 0 })
    t.deepEqual([all[0]?.raw, all[0]?.hash], [stored?.raw, stored?.hash])
    replaceEachOther(t, all)
    t.deepEqual(distinct(sends(proxy)), [all[0]?.raw, all[1]?.raw] as Hex[])
    await closedOnceBy(t, line, all[1]?.hash)
    t.deepEqual(
      (await versions(line)).map(({ nonce }) => nonce),
      [0, 0],
    )
    t.is(await line.nonce(), 1)
  },
)
