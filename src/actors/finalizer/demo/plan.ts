/**
 * What the demo's two operators submit in which block: a function of the block's number, so that they go on where they
 * were after a restart, without a memory.
 *
 * A specimen session is opened every fourth block, in turn for each source chain, and the result session of the same
 * height somewhat later, as a refiner would. Mostly both agree; every fifth height they do not, and every seventh one of
 * them is away: those sessions are closed without a reward.
 */
import { keccak256, numberToHex, type Hex } from 'viem'
import { NTH_BLOCK, SOURCE_CHAINS } from './contracts.ts'

export interface Submission {
  readonly family: 'specimen' | 'result'
  /** Which of the two. */
  readonly operator: 0 | 1
  readonly chainId: bigint
  readonly height: bigint
  /** Of the source block, or of its specimen. */
  readonly subject: Hex
  /** What the operator found. */
  readonly proof: Hex
}

const OPEN_EVERY = 4
/** The second operator takes this many blocks longer. */
const SECOND_AFTER = 2
/** Blocks from the submission of a specimen to that of its result. */
const RESULT_AFTER = 8
/** Heights as they were when these contracts were young. */
const FIRST_HEIGHT = 17_919_125n

/** The submissions that belong into block `block`. */
export function submissionsAt(block: number): readonly Submission[] {
  return ([0, 1] as const).flatMap(operator =>
    (['specimen', 'result'] as const).flatMap(family => {
      const since = block - operator * SECOND_AFTER - (family === 'result' ? RESULT_AFTER : 0)
      const one = since >= 0 && since % OPEN_EVERY === 0 ? submission(family, operator, since / OPEN_EVERY) : null
      return one === null ? [] : [one]
    }),
  )
}

function submission(family: Submission['family'], operator: 0 | 1, turn: number): Submission | null {
  if (operator === 1 && turn % 7 === 6) return null
  const chainId = SOURCE_CHAINS[turn % SOURCE_CHAINS.length] ?? 1n
  const height = FIRST_HEIGHT + NTH_BLOCK * BigInt(Math.floor(turn / SOURCE_CHAINS.length))
  const disagrees = operator === 1 && turn % 5 === 4
  const subject = hashOf(family === 'result' ? 'specimen' : 'block', chainId, height)
  return {
    family,
    operator,
    chainId,
    height,
    subject,
    proof: hashOf(disagrees ? `other ${family}` : family, chainId, height),
  }
}

const hashOf = (what: string, chainId: bigint, height: bigint): Hex =>
  keccak256(numberToHex(BigInt(`0x${Buffer.from(`${what} ${chainId}:${height}`).toString('hex')}`)))
