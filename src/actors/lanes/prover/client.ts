/**
 * The HTTP client of one proof server (reference 4.3). It has no opinions: one call, one answer or one error, within a
 * time limit and a size limit. Whoever calls decides what an answer means and when to try again.
 */
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import type { Clock } from '../../../clock.ts'
import { messageOf } from '../../../errors.ts'
import { ProverAnswerError, ProverRefusedError, ProverUnreachableError, ProverUrlError } from './errors.ts'
import type { StatusAnswer } from './judge.ts'
import { PROVER_STATUSES, PUBLIC_INPUT_HEADER } from './protocol.ts'

export type Fetch = typeof globalThis.fetch

export interface ProverClientOptions {
  /** With or without a trailing slash; user and password in it are sent as basic authentication. */
  readonly baseUrl: string
  /** Where inputs are posted, below the base URL: `input`, `input/circuit`. */
  readonly inputPath: string
  readonly fetch: Fetch
  readonly clock: Clock
  /** Longest wait for the answer to `status`. */
  readonly timeoutMs: number
  /** Longest wait for the answer to `cancel`, which matters less than what follows. */
  readonly cancelTimeoutMs: number
  /** Longest wait for a posted input to be taken; inputs are megabytes. */
  readonly postTimeoutMs: number
}

export interface ProverClient {
  /** What the prover does now. */
  status(signal: AbortSignal): Promise<StatusAnswer>
  /** Hands over an input (JSON text); resolves when the prover has taken it. Never call it on a busy prover. */
  post(input: string, publicInput: bigint, signal: AbortSignal): Promise<void>
  /** Asks the prover to drop what it does; it may stay busy for a while. */
  cancel(signal: AbortSignal): Promise<void>
}

const ANSWER_LIMIT_BYTES = 1024 * 1024
const SHOWN_CHARS = 200

const StatusShape = Compile(
  Type.Object({
    status: Type.Union(PROVER_STATUSES.map(word => Type.Literal(word))),
    proof: Type.Optional(Type.Union([Type.String(), Type.Null()])),
    pubData: Type.Optional(Type.Union([Type.String(), Type.Null()])),
    msg: Type.Optional(Type.String()),
    error: Type.Optional(Type.String()),
  }),
)
const ErrorShape = Compile(Type.Object({ msg: Type.String() }))

/** Opens nothing: connections come with the first call. Throws ProverUrlError for a URL that cannot be one. */
export function proverClient(options: ProverClientOptions): ProverClient {
  const { base, authorization } = baseOf(options.baseUrl)
  const call = async (path: string, init: Init, timeoutMs: number, signal: AbortSignal): Promise<string> => {
    const headers = { ...authorization, ...init.headers }
    return exchange(options, { url: new URL(path, base), init: { ...init, headers } }, timeoutMs, signal)
  }
  return {
    status: async signal => statusOf(await call('status', {}, options.timeoutMs, signal)),
    post: async (input, publicInput, signal) => {
      const headers = { 'content-type': 'application/json', [PUBLIC_INPUT_HEADER]: publicInput.toString() }
      await call(options.inputPath, { method: 'POST', body: input, headers }, options.postTimeoutMs, signal)
    },
    cancel: async signal => void (await call('cancel', { method: 'POST' }, options.cancelTimeoutMs, signal)),
  }
}

function baseOf(text: string): { base: URL; authorization: Record<string, string> } {
  const base = URL.canParse(text) ? new URL(text) : null
  if (base === null || !/^https?:$/.test(base.protocol)) throw new ProverUrlError('a prover URL is not an http URL')
  const { username, password } = base
  base.username = base.password = ''
  if (!base.pathname.endsWith('/')) base.pathname += '/'
  if (username === '') return { base, authorization: {} }
  const credentials = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`)
  return { base, authorization: { authorization: `Basic ${credentials.toString('base64')}` } }
}

interface Init {
  readonly method?: string
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
}

interface Exchange {
  readonly url: URL
  readonly init: Init
}

/** One request and its whole answer, or an error that names the prover. Never outlives `timeoutMs` or the signal. */
async function exchange(
  { fetch, clock }: ProverClientOptions,
  { url, init }: Exchange,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<string> {
  signal.throwIfAborted()
  const controller = new AbortController()
  const abort = (): void => controller.abort(signal.reason)
  const cancelTimer = clock.after(timeoutMs, () => controller.abort(new Error(`no answer within ${timeoutMs} ms`)))
  signal.addEventListener('abort', abort, { once: true })
  try {
    const response = await fetch(url, { ...init, redirect: 'error', signal: controller.signal })
    const text = await bodyOf(response)
    if (!response.ok) throw refusal(url, response.status, text)
    return text
  } catch (error) {
    if (error instanceof ProverRefusedError || error instanceof ProverAnswerError) throw error
    if (signal.aborted) throw error
    const facts = { sent: !neverSent(error) }
    throw new ProverUnreachableError(`${url.host} does not answer: ${reasonOf(error)}`, { cause: error, facts })
  } finally {
    cancelTimer()
    signal.removeEventListener('abort', abort)
  }
}

async function bodyOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  const body: AsyncIterable<Uint8Array> | null = response.body
  for await (const chunk of body ?? []) {
    size += chunk.length
    if (size > ANSWER_LIMIT_BYTES) throw new ProverAnswerError(`the answer is longer than ${ANSWER_LIMIT_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function statusOf(text: string): StatusAnswer {
  const answer = json(text)
  if (!StatusShape.Check(answer)) throw new ProverAnswerError(`not a prover's status: ${text.slice(0, SHOWN_CHARS)}`)
  return {
    status: answer.status,
    proof: answer.proof ?? null,
    pubData: answer.pubData ?? null,
    message: (answer.msg ?? answer.error)?.slice(0, SHOWN_CHARS) ?? null,
  }
}

function refusal(url: URL, httpStatus: number, text: string): ProverRefusedError {
  const answer = json(text)
  const message = ErrorShape.Check(answer) ? answer.msg : text
  const facts = { httpStatus, path: url.pathname }
  return new ProverRefusedError(`the prover answers ${httpStatus}: ${message.slice(0, SHOWN_CHARS)}`, { facts })
}

function json(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const NOT_CONNECTED = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT)$/

/** True when there was no connection: the prover cannot have seen the request. */
function neverSent(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined
  return cause instanceof Error && 'code' in cause && NOT_CONNECTED.test(String(cause.code))
}

/** fetch hides the socket's error behind `fetch failed`. */
const reasonOf = (error: unknown): string =>
  error instanceof Error && error.cause instanceof Error ? messageOf(error.cause) : messageOf(error)
