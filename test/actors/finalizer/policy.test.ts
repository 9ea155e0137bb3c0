/** The rules by which sessions are closed, one sentence each. */
import test from 'ava'
import {
  affordable,
  decide,
  type Decision,
  type Rules,
  type SessionView,
  type Trial,
  type View,
} from '../../../src/actors/finalizer/policy.ts'

const GWEI = 10n ** 9n

const RULES: Rules = {
  graceBlocks: 0,
  maxPerPass: 100,
  maxInFlight: 100,
  gasLimit: 300_000n,
  gasMarginPercent: 20,
  maxGasPrice: null,
  minGasPrice: 0n,
  originChains: new Set(),
  heightFloor: { specimen: 0n, result: 0n },
  requireSubmission: true,
  retryMinMs: 30_000,
  retryMaxMs: 1_800_000,
  maxAttempts: 4,
}

const session = (more: Partial<SessionView> = {}): SessionView => ({
  id: 1n,
  family: 'specimen',
  originChainId: 1n,
  originHeight: 17_919_125n,
  deadline: 100n,
  state: 'waiting',
  submissions: 2,
  closed: false,
  nextAttemptAt: 0,
  attempts: 0,
  because: null,
  ...more,
})

const view = (more: Partial<View> = {}): View => ({
  head: 101n,
  tip: more.head ?? 101n,
  now: 1_000_000,
  jitter: 0,
  paused: null,
  unusable: new Map(),
  inFlight: 0,
  funds: { balance: 10n ** 18n, gasPrice: GWEI },
  trials: new Map(),
  ...more,
})

const one = (of: Partial<SessionView> = {}, at: Partial<View> = {}, rules: Partial<Rules> = {}): Decision => {
  const [decision] = decide([session(of)], view(at), { ...RULES, ...rules })
  if (decision === undefined) throw new Error('nothing was decided')
  return decision
}
const because = (decision: Decision): string | null => ('because' in decision ? decision.because : null)
const trial = (answer: Trial): Partial<View> => ({ trials: new Map([[1n, answer]]) })
const reverted = (reason: string | null): Partial<View> => trial({ does: 'revert', reason })

test('scenario 10: in the deadline block nothing is sent; in the next one it is', t => {
  t.deepEqual(because(one({}, { head: 88n })), 'deadline in 12 blocks')
  t.deepEqual(because(one({}, { head: 99n })), 'deadline in 1 block')
  t.deepEqual(because(one({}, { head: 100n })), 'its deadline is this block')
  t.is(one({}, { head: 101n }).do, 'try')
})

test('deadlines beyond 2^53 are exact', t => {
  const deadline = 9_007_199_254_740_993n
  t.is(one({ deadline }, { head: deadline }).do, 'wait')
  t.is(one({ deadline }, { head: deadline + 1n }).do, 'try')
})

test('grace blocks leave others the first turn, and say how many are left', t => {
  t.is(because(one({}, { head: 101n }, { graceBlocks: 3 })), '3 blocks of grace left')
  t.is(because(one({}, { head: 103n }, { graceBlocks: 3 })), '1 block of grace left')
  t.is(one({}, { head: 104n }, { graceBlocks: 3 }).do, 'try')
})

test('a session without a submission waits where submissions are told of, and only there', t => {
  t.is(because(one({ submissions: 0 })), 'no submission to reward')
  t.is(one({ submissions: null }).do, 'try')
  t.is(one({ submissions: 0 }, {}, { requireSubmission: false }).do, 'try')
})

test('an account that cannot pay waits and says for how many calls it has gas', t => {
  t.is(because(one({}, { funds: { balance: 1n, gasPrice: GWEI } })), 'account has gas for 0 calls')
  const forTwo = { balance: 2n * 300_000n * GWEI, gasPrice: GWEI }
  const some = decide(
    [1n, 2n, 3n].map(id => session({ id })),
    view({ funds: forTwo }),
    RULES,
  )
  t.deepEqual(
    some.map(decision => decision.do),
    ['try', 'try', 'wait'],
  )
  t.is(because(some[2] ?? one()), 'account has gas for 2 calls, and that many are under way')
  t.is(affordable({ balance: 3n * 300_000n * GWEI, gasPrice: GWEI / 2n }, { ...RULES, minGasPrice: GWEI }), 3n)
  t.is(one({}, { funds: null }).do, 'try', 'nobody knows: the lane will say')
})

test('scenario 24: above the ceiling for the gas price sending waits', t => {
  const dear = { funds: { balance: 10n ** 18n, gasPrice: 12n * GWEI } }
  t.is(
    because(one({}, dear, { maxGasPrice: 10n * GWEI })),
    'the gas price of 12 gwei is above finalizer.max_gas_price 10 gwei',
  )
  t.is(one({}, dear, { maxGasPrice: 12n * GWEI }).do, 'try')
})

test('a call that needs more gas than the ceiling waits; else the limit is the estimate and a margin', t => {
  t.is(
    because(one({}, trial({ does: 'run', gas: 300_001n }))),
    'it needs 300001 gas, more than finalizer.gas_limit 300000 allows',
  )
  t.like(one({}, trial({ does: 'run', gas: 100_000n })), { do: 'finalize', gasLimit: 120_000n })
  t.like(one({}, trial({ does: 'run', gas: 290_000n })), { do: 'finalize', gasLimit: 300_000n })
})

test('scenario 12: a session that the contract calls closed is conceded without a transaction', t => {
  t.is(one({}, reverted('execution reverted: Session cannot be finalized')).do, 'concede')
})

test('scenario 13: "Session not past deadline" waits for the next block and uses up no try', t => {
  const decision = one(
    { attempts: 2 },
    reverted('VM Exception while processing transaction: revert Session not past deadline'),
  )
  t.is(decision.do, 'wait')
  t.is(decision.session.attempts, 2)
})

test('scenario 14: "Session not started" drops the session', t => {
  t.like(one({}, reverted('Session not started')), { do: 'drop', because: 'the contract says: Session not started' })
})

test('scenario 15: an unknown revert is tried again later and later, and in the end left to a person', t => {
  const after = (attempts: number): Decision =>
    one({ attempts, state: 'failed' }, reverted('Sender is not AUDITOR_ROLE'))
  t.like(after(0), { do: 'retry', at: 1_030_000, because: 'the contract says: Sender is not AUDITOR_ROLE' })
  t.like(after(1), { do: 'retry', at: 1_060_000 })
  t.like(after(2), { do: 'retry', at: 1_120_000 })
  t.like(after(3), { do: 'retry', at: null })
  t.like(one({ attempts: 20 }, reverted(null), { maxAttempts: 100 }), { do: 'retry', at: 2_800_000 })
  const [failing, other] = decide(
    [session(), session({ id: 2n })],
    view({
      trials: new Map([
        [1n, { does: 'revert', reason: null }],
        [2n, { does: 'run', gas: 1n }],
      ]),
    }),
    RULES,
  )
  t.is(failing?.do, 'retry')
  t.is(other?.do, 'finalize', 'others go on')
  t.regex(
    because(one({ state: 'failed', nextAttemptAt: null, attempts: 4, because: 'odd' })) ?? '',
    /given up after 4 tries: odd/,
  )
  t.is(because(one({ state: 'failed', nextAttemptAt: 1_010_000, because: 'odd' })), 'next try in 10 s: odd')
})

test('a node that cannot answer keeps a session waiting with what it said', t => {
  t.is(because(one({}, trial({ does: 'fail', because: 'header not found' }))), 'the node cannot say: header not found')
})

test('no more are tried in a pass, and no more are under way, than allowed', t => {
  const three = [1n, 2n, 3n].map(id => session({ id }))
  const says = (at: Partial<View>, rules: Partial<Rules>): (string | null)[] =>
    decide(three, view(at), { ...RULES, ...rules }).map(because)
  t.deepEqual(says({}, { maxPerPass: 2 }), [null, null, 'over 2 per pass'])
  t.deepEqual(says({ inFlight: 4 }, { maxInFlight: 5 }).slice(1), ['over 100 per pass', 'over 100 per pass'])
  t.deepEqual(
    says({ inFlight: 5 }, { maxInFlight: 5 }),
    three.map(() => '5 transactions are under way, as many as finalizer.max_in_flight allows'),
  )
})

test('origin chains and heights that are not ours wait with their reason', t => {
  t.is(
    because(one({ originChainId: 56n }, {}, { originChains: new Set([1n]) })),
    'origin chain 56 is not in finalizer.origin_chains',
  )
  t.is(one({ originChainId: 56n }, {}, { originChains: new Set([1n, 56n]) }).do, 'try')
  const floor = { heightFloor: { specimen: 17_919_125n, result: 0n } }
  t.regex(because(one({}, {}, floor)) ?? '', /not above finalizer.specimen_floor/)
  t.is(one({ originHeight: 17_919_126n }, {}, floor).do, 'try')
  t.is(one({ family: 'result' }, {}, floor).do, 'try')
})

test('a pause, an unusable contract and facts that lag behind the chain are reasons to wait', t => {
  t.is(because(one({}, { paused: 'paused by operator: maintenance' })), 'paused by operator: maintenance')
  t.is(because(one({}, { unusable: new Map([['specimen', 'there is no contract']]) })), 'there is no contract')
  t.is(one({ family: 'result' }, { unusable: new Map([['specimen', 'there is no contract']]) }).do, 'try')
  t.is(because(one({}, { head: 101n, tip: 500n })), '399 blocks of the chain are still to be read')
})

test('what is closed, or whose start nobody has seen, is never tried', t => {
  t.is(one({ closed: true }).do, 'wait')
  t.is(one({ deadline: null }).do, 'wait')
})

test('whatever the view, there is one decision for each session, and each wait has a reason', t => {
  let seed = 7
  const roll = (sides: number): number => (seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31) % sides
  for (let round = 0; round < 500; round += 1) {
    const sessions = Array.from({ length: roll(6) }, (_, at) =>
      session({
        id: BigInt(at),
        family: roll(2) === 0 ? 'specimen' : 'result',
        deadline: roll(5) === 0 ? null : BigInt(90 + roll(20)),
        submissions: [null, 0, 3][roll(3)] ?? null,
        closed: roll(5) === 0,
        state: roll(4) === 0 ? 'failed' : 'waiting',
        nextAttemptAt: [null, 0, 2_000_000][roll(3)] ?? null,
      }),
    )
    const rules = { ...RULES, maxPerPass: 1 + roll(4), maxInFlight: 1 + roll(4), graceBlocks: roll(3) }
    const at = view({ head: BigInt(90 + roll(25)), inFlight: roll(5) })
    const decisions = decide(sessions, at, rules)
    t.is(decisions.length, sessions.length)
    for (const decision of decisions) if (decision.do === 'wait') t.not(decision.because, '')
    const tried = decisions.filter(decision => decision.do === 'try')
    t.true(tried.length <= Math.min(rules.maxPerPass, Math.max(0, rules.maxInFlight - at.inFlight)))
    for (const { session: due } of tried) {
      t.true(
        due.deadline !== null &&
          due.deadline + BigInt(rules.graceBlocks) < at.head &&
          !due.closed &&
          due.submissions !== 0,
      )
    }
  }
})
