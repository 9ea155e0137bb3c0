/**
 * HTTP as an actor: first up, last down. It listens for as long as its incarnation lives; when it is stopped it takes no
 * new connection and lets the requests in progress end.
 */
import type { FastifyInstance } from 'fastify'
import { defineActor } from '../actors/kit/actor.ts'
import { ref, type Ref } from '../actors/kit/ref.ts'
import { CannotListenError } from './errors.ts'

export interface HttpMessage {
  readonly type: 'look'
}

export interface HttpArgs {
  /** Builds a fresh server; a closed one cannot be opened again. */
  readonly build: () => Promise<FastifyInstance>
  readonly host: string
  /** 0 takes a free port. */
  readonly port: number
  /** Told the base URL (`http://127.0.0.1:8420`) each time it listens. */
  readonly onListening: (url: string) => void
}

export const httpRef: Ref<HttpMessage> = ref('http')

/** Starts by listening; a port that cannot be had is fatal (CannotListenError). */
export const httpActor = defineActor<HttpArgs, HttpMessage, null>({
  kind: 'http',
  async start(args, ctx) {
    const app = await args.build()
    ctx.own(() => app.close())
    try {
      const url = await app.listen({ host: args.host, port: args.port })
      ctx.log.info('listening', { url })
      args.onListening(url)
    } catch (cause) {
      throw asListenError(cause, args)
    }
    return null
  },
  receive: state => state,
})

function asListenError(cause: unknown, { host, port }: HttpArgs): unknown {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  if (!['EADDRINUSE', 'EACCES', 'EADDRNOTAVAIL', 'ENOTFOUND'].includes(code)) return cause
  return new CannotListenError(`cannot listen on ${host}:${port}`, { cause, facts: { host, port, because: code } })
}
