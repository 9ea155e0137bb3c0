/**
 * Hears of new heads over a WebSocket. Only a hint to look at once: whatever goes wrong here is no error, polling goes
 * on, and the connection is tried again with growing pauses.
 */
import type { Clock } from '../../clock.ts'
import type { Log } from '../../log.ts'
import { maskUrl } from '../../secrets.ts'

export interface HeadWatch {
  readonly connected: boolean
  /** Calls `listener` at every announcement; connects with the first listener. */
  listen(listener: (() => void) | null): void
  close(): void
}

export interface HeadWatchOptions {
  readonly name: string
  readonly url: string
  readonly clock: Clock
  readonly random: () => number
  readonly log: Log
}

const SUBSCRIBE = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_subscribe', params: ['newHeads'] })
const PAUSE_MS = { min: 1_000, max: 60_000 }
const MAX_MESSAGE_CHARS = 1_000_000

export function watchHeads(options: HeadWatchOptions): HeadWatch {
  const { clock, log, name } = options
  let listener: (() => void) | null = null
  let socket: WebSocket | null = null
  let connected = false
  let failures = 0
  let closed = false
  let cancelRetry: (() => void) | null = null

  function connect(): void {
    const opened = open(options.url)
    if (opened === null) return log.warn('the WebSocket URL cannot be used', { chain: name, url: maskUrl(options.url) })
    socket = opened
    opened.addEventListener('open', () => opened.send(SUBSCRIBE))
    opened.addEventListener('message', ({ data }) => hear(data))
    opened.addEventListener('error', () => {}) // `close` follows
    opened.addEventListener('close', () => {
      if (socket === opened) retry()
    })
  }

  function hear(data: unknown): void {
    if (typeof data !== 'string' || data.length > MAX_MESSAGE_CHARS) return
    if (data.includes('"error"')) return socket?.close()
    if (!connected) log.debug('heads are announced over WebSocket', { chain: name })
    connected = true
    failures = 0
    if (data.includes('eth_subscription')) listener?.()
  }

  function retry(): void {
    socket = null
    if (connected) log.debug('the WebSocket closed; heads are polled', { chain: name })
    connected = false
    if (closed) return
    failures += 1
    const pause = Math.min(PAUSE_MS.max, PAUSE_MS.min * 2 ** Math.min(failures - 1, 16))
    cancelRetry = clock.after((pause * (1 + options.random())) / 2, connect)
  }

  return {
    get connected() {
      return connected
    },
    listen: next => {
      listener = next
      if (next !== null && socket === null && failures === 0 && !closed) connect()
    },
    close: () => {
      closed = true
      connected = false
      cancelRetry?.()
      socket?.close()
      socket = null
    },
  }
}

function open(url: string): WebSocket | null {
  try {
    return new WebSocket(url)
  } catch {
    return null
  }
}
