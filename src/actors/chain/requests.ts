/**
 * The ways to ask the endpoints: one after the other, all at once, or one of them alone.
 */
import { RpcRequestError } from 'viem'
import { OperatorError } from '../../errors.ts'
import { agreementKey } from './agree.ts'
import { classOf } from './classify.ts'
import type { Endpoint } from './endpoint.ts'
import { asOperator, type Endpoints } from './endpoints.ts'
import {
  EndpointBehindError,
  RpcAnswerError,
  RpcChainMismatchError,
  RpcDisagreeError,
  RpcUnavailableError,
} from './errors.ts'
import type { Answer, Call } from './json-rpc.ts'

export interface Requests {
  /** All calls to one endpoint in one request; node errors are answers. */
  batch(calls: readonly Call[]): Promise<readonly Answer[]>
  /** The result of one call; node errors are thrown as RpcRequestError. */
  one(call: Call): Promise<unknown>
  /** To every usable endpoint at once; the first good answer counts, else a node's error, else why nobody served. */
  toAll(call: Call): Promise<unknown>
  /**
   * The answer that `quorum` endpoints agree on, as soon as they do. A quorum of 1 is `one`. Throws RpcDisagreeError when
   * no answer has as many.
   */
  agreed(call: Call, quorum: number): Promise<unknown>
  /** To this endpoint and no other. Throws RpcUnavailableError when it is on another chain. */
  alone(endpoint: Endpoint, call: Call): Promise<unknown>
}

const lacksBlock = (answer: Answer | undefined): boolean =>
  answer !== undefined && 'error' in answer && classOf(answer.error) === 'behind'

export function createRequests(name: string, endpoints: Endpoints): Requests {
  /** A block that one endpoint does not have may be had from the next; when none has it, the answer stands. */
  async function batch(calls: readonly Call[]): Promise<readonly Answer[]> {
    let behind: readonly Answer[] | null = null
    try {
      const { value } = await endpoints.first(async endpoint => {
        const answers = await endpoint.call(calls)
        if (!answers.some(lacksBlock)) return answers
        behind ??= answers
        throw new EndpointBehindError(`${endpoint.shown} does not have the block that was asked for`)
      })
      return value
    } catch (error) {
      if (behind !== null) return behind
      throw error
    }
  }

  async function one(call: Call): Promise<unknown> {
    const [answer] = await batch([call])
    if (answer && 'error' in answer && lacksBlock(answer))
      throw new EndpointBehindError(`no endpoint of ${name} has the block: ${answer.error.message}`)
    return resultOf(call, answer)
  }

  async function askOne(endpoint: Endpoint, call: Call): Promise<unknown> {
    await endpoints.ready(endpoint)
    return resultOf(call, (await endpoint.call([call]))[0])
  }

  async function toAll(call: Call): Promise<unknown> {
    const usable = endpoints.usable()
    try {
      return await Promise.any(usable.map(endpoint => askOne(endpoint, call)))
    } catch (none) {
      const errors: unknown[] = none instanceof AggregateError ? none.errors : [none]
      const answered = errors.find(error => !(error instanceof OperatorError))
      if (answered !== undefined) throw answered
      throw endpoints.nobody(usable.map((endpoint, at) => ({ endpoint, error: asOperator(errors[at]) })))
    }
  }

  async function agreed(call: Call, quorum: number): Promise<unknown> {
    if (quorum <= 1) return one(call)
    const asked = endpoints.usable().map(endpoint => askOne(endpoint, call))
    const votes = new Map<string, number>()
    const failures: string[] = []
    return new Promise((resolve, reject) => {
      let open = asked.length
      const ended = (): void => {
        open -= 1
        if (open === 0) reject(disagreement(name, call, quorum, votes, failures))
      }
      const counted = (result: unknown): void => {
        const key = agreementKey(call.method, result)
        const count = (votes.get(key) ?? 0) + 1
        votes.set(key, count)
        if (count >= quorum) resolve(result)
        ended()
      }
      if (asked.length === 0) reject(disagreement(name, call, quorum, votes, failures))
      for (const answer of asked)
        answer.then(counted, (error: unknown) => {
          failures.push(asOperator(error).message)
          ended()
        })
    })
  }

  async function alone(endpoint: Endpoint, call: Call): Promise<unknown> {
    endpoints.usable()
    try {
      return await askOne(endpoint, call)
    } catch (error) {
      if (error instanceof RpcChainMismatchError) throw new RpcUnavailableError(error.message, { facts: error.facts })
      throw error
    }
  }

  return { batch, one, toAll, agreed, alone }
}

function disagreement(
  name: string,
  { method }: Call,
  quorum: number,
  votes: ReadonlyMap<string, number>,
  failures: readonly string[],
): RpcDisagreeError {
  const most = Math.max(0, ...votes.values())
  const failed = failures.length === 0 ? '' : `; ${failures.join('; ')}`
  return new RpcDisagreeError(`${most} of ${quorum} endpoints of ${name} agree on ${method}${failed}`, {
    facts: { chain: name, method, quorum, agree: most, answers: votes.size, failed: failures.length },
  })
}

function resultOf(call: Call, answer: Answer | undefined): unknown {
  if (answer === undefined) throw new RpcAnswerError('the answer is empty')
  if ('result' in answer) return answer.result
  throw new RpcRequestError({ body: { method: call.method }, error: answer.error, url: '' })
}
