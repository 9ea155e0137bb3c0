/**
 * One HTTP POST to a JSON-RPC endpoint: connections are kept, waiting and the size of answers are bounded, and no error
 * text carries the URL.
 */
import { Agent as HttpAgent, request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import type { Clock } from '../../clock.ts'
import { messageOf } from '../../errors.ts'
import { RpcAnswerError, RpcUnavailableError } from './errors.ts'

export interface Reply {
  readonly status: number
  readonly text: string
  /** From `Retry-After`; null when the server did not say. */
  readonly retryAfterMs: number | null
}

export interface Poster {
  /** Throws RpcUnavailableError when no answer came in time, RpcAnswerError when it is too large. */
  post(body: string): Promise<Reply>
  /** Ends the connections; requests in progress fail. */
  close(): void
}

export interface PosterOptions {
  readonly url: string
  readonly clock: Clock
  readonly timeoutMs: number
  readonly maxAnswerBytes: number
}

/** Marks errors of answers that came too late or were too large: asking for less may help. */
const HEAVY = { heavy: true }

/** The way to one endpoint. Credentials in the URL are sent as basic authentication. */
export function createPoster(options: PosterOptions): Poster {
  const url = new URL(options.url)
  const secure = url.protocol === 'https:'
  const agent = secure ? new HttpsAgent({ keepAlive: true }) : new HttpAgent({ keepAlive: true })
  const open = secure ? httpsRequest : httpRequest
  const start = (length: number): ClientRequest =>
    open(url, {
      agent,
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json', 'content-length': length },
    })
  return {
    post: body => exchange(start, body, options, true),
    close: () => agent.destroy(),
  }
}

/** A kept connection that the server has just closed fails before it carried anything: that is tried once more. */
function exchange(
  start: (length: number) => ClientRequest,
  body: string,
  options: PosterOptions,
  mayRepeat: boolean,
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const request = start(Buffer.byteLength(body))
    let late = false
    let answering = false
    const cancel = options.clock.after(options.timeoutMs, () => {
      late = true
      request.destroy(new Error(`no answer within ${options.timeoutMs} ms`))
    })
    request.once('response', response => {
      answering = true
      read(response, options.maxAnswerBytes)
        .then(resolve, error => reject(late ? tooLate(error) : error))
        .finally(cancel)
    })
    request.on('error', error => {
      cancel()
      if (answering) return
      const stale = mayRepeat && request.reusedSocket && 'code' in error && error.code === 'ECONNRESET'
      if (stale) resolve(exchange(start, body, options, false))
      else reject(late ? tooLate(error) : new RpcUnavailableError(messageOf(error), { cause: error }))
    })
    request.end(body)
  })
}

const tooLate = (cause: unknown): RpcUnavailableError =>
  new RpcUnavailableError(messageOf(cause), { cause, facts: HEAVY })

async function read(response: IncomingMessage, maxBytes: number): Promise<Reply> {
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      size += chunk.length
      if (size > maxBytes) throw new RpcAnswerError(`the answer is larger than ${maxBytes} bytes`, { facts: HEAVY })
      chunks.push(chunk)
    }
  } catch (error) {
    if (error instanceof RpcAnswerError) throw error
    throw new RpcUnavailableError(`the answer broke off: ${messageOf(error)}`, { cause: error })
  }
  return {
    status: response.statusCode ?? 0,
    text: Buffer.concat(chunks).toString('utf8'),
    retryAfterMs: retryAfter(response.headers['retry-after']),
  }
}

/** Only the form in seconds; a date would need a clock that agrees with the server's. */
function retryAfter(value: string | undefined): number | null {
  return value !== undefined && /^\d{1,6}$/.test(value) ? Number(value) * 1000 : null
}
