/**
 * What the contract's answers mean for a session (reference 3.3, 3.5). Matched by substring, whatever code, letter case or
 * wrapper text the node puts around them.
 */
import { decodeErrorResult, type Hex } from 'viem'

/**
 * `wait`: its deadline has not passed there. `alreadyFinalized`: somebody closed it. `notStarted`: the contract does not
 * know it. `unknownRevert`: anything else.
 */
export type RevertClass = 'wait' | 'alreadyFinalized' | 'notStarted' | 'unknownRevert'

const ANSWERS: readonly (readonly [string, RevertClass])[] = [
  ['session not past deadline', 'wait'],
  ['session cannot be finalized', 'alreadyFinalized'],
  ['session not started', 'notStarted'],
]

/** The class of a revert by its text; null is a revert without a reason. */
export function classifyRevert(reason: string | null): RevertClass {
  const text = reason?.toLowerCase() ?? ''
  return ANSWERS.find(([answer]) => text.includes(answer))?.[1] ?? 'unknownRevert'
}

/** The text in `Error(string)` revert data; null when there is none. */
export function reasonIn(data: Hex): string | null {
  try {
    const { errorName, args } = decodeErrorResult({ abi: [], data }) as { errorName: string; args?: readonly unknown[] } // viem knows Error and Panic by itself
    return errorName === 'Error' ? String(args?.[0]) : null
  } catch {
    return null
  }
}
