/**
 * Who may do what. Reading needs the viewer token, changing needs the operator token, which reads as well. A route may
 * say otherwise with `config: { access: 'open' | 'viewer' | 'operator' }`.
 *
 * A browser that showed a token once gets a session cookie instead. The cookie only ever reads, so that a foreign page
 * cannot change anything with it; it is derived from the viewer token, survives restarts and ends with the token.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { FastifyReply, FastifyRequest, onRequestHookHandler } from 'fastify'
import { ForbiddenError, UnauthorizedError } from './errors.ts'
import type { Tokens } from './ports.ts'

export type Access = 'open' | 'viewer' | 'operator'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may call; by default the viewer reads (GET, HEAD) and the operator does the rest. */
    access?: Access
  }
  interface FastifyRequest {
    /** The token that was shown; null on open routes without one. */
    caller: 'viewer' | 'operator' | null
  }
}

export interface Gate {
  /** Sets `request.caller` and refuses who may not. */
  readonly check: onRequestHookHandler
  /** Which token this text is; null for none. */
  readonly holder: (token: string) => 'viewer' | 'operator' | null
  readonly openSession: (reply: FastifyReply) => void
  readonly closeSession: (reply: FastifyReply) => void
}

const SESSION_SECONDS = 30 * 24 * 3600

export function createGate(tokens: Tokens): Gate {
  const session = mac(tokens.viewer.reveal(), 'forgekeeper browser session 1')
  // Cookies are shared by all ports of a host: the name keeps two daemons apart.
  const cookie = `forgekeeper_${mac(tokens.viewer.reveal(), 'cookie name').slice(0, 8)}`

  const holder = (token: string): 'viewer' | 'operator' | null => {
    const operator = same(token, tokens.operator.reveal())
    const viewer = same(token, tokens.viewer.reveal())
    return operator ? 'operator' : viewer ? 'viewer' : null
  }
  const callerOf = (request: FastifyRequest): 'viewer' | 'operator' | null => {
    const bearer = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1]
    if (bearer !== undefined) return holder(bearer)
    const value = cookieOf(request.headers.cookie, cookie)
    return value !== null && same(value, session) ? 'viewer' : null
  }
  return {
    holder,
    check(request, reply, done) {
      request.caller = callerOf(request)
      const refusal = refuse(accessOf(request), request.caller, request.headers.authorization !== undefined)
      if (refusal instanceof UnauthorizedError) reply.header('www-authenticate', 'Bearer realm="forgekeeper"')
      if (refusal) done(refusal)
      else done()
    },
    openSession: reply => setCookie(reply, cookie, session, SESSION_SECONDS),
    closeSession: reply => setCookie(reply, cookie, '', 0),
  }
}

function accessOf(request: FastifyRequest): Access {
  const stated = request.routeOptions.config.access
  if (stated !== undefined) return stated
  return request.method === 'GET' || request.method === 'HEAD' ? 'viewer' : 'operator'
}

function refuse(access: Access, caller: FastifyRequest['caller'], showed: boolean): Error | null {
  if (access === 'open') return null
  if (caller === null) return new UnauthorizedError(showed ? 'the token is not one of ours' : 'a token is needed')
  if (access === 'operator' && caller !== 'operator') return new ForbiddenError('this needs the operator token')
  return null
}

const mac = (key: string, text: string): string => createHmac('sha256', key).update(text).digest('hex')

/** Equal texts, in a time that does not depend on where they differ. */
const same = (left: string, right: string): boolean =>
  timingSafeEqual(
    createHmac('sha256', 'compare').update(left).digest(),
    createHmac('sha256', 'compare').update(right).digest(),
  )

function cookieOf(header: string | undefined, name: string): string | null {
  for (const part of (header ?? '').split(';')) {
    const [key, value] = part.trim().split('=', 2)
    if (key === name) return value ?? ''
  }
  return null
}

const setCookie = (reply: FastifyReply, name: string, value: string, maxAge: number): void => {
  reply.header('set-cookie', `${name}=${value}; Path=/; Max-Age=${maxAge}; HttpOnly; SameSite=Lax`)
}
