/**
 * Mock provers: real HTTP servers with the proof servers' API (reference 4.3), for demos, tests and load tests.
 *
 * They prove nothing: a proof names, in `pi_a[0]`, the public input that came in a header with the input. Inputs are
 * never parsed, so that many mock provers cost next to nothing. The API is served at `/` and, as the reference's own
 * mock does, at `/api/`.
 */
import { createHash } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { FIELD_ORDER, PUBLIC_INPUT_HEADER } from '../lanes/prover/protocol.ts'
import { mockMachine, type MockMachine } from './mock-prover/machine.ts'
import type { MockProverOptions, MockStats } from './mock-prover/options.ts'

export type { MockProverOptions, MockStats } from './mock-prover/options.ts'

export interface MockProver {
  /** Base URL, without the `/api`. */
  readonly url: string
  readonly port: number
  stats(): MockStats
  /** Ends it at once, connections included. */
  close(): Promise<void>
}

/** Posted inputs may be this long, as with real provers. */
const INPUT_LIMIT_BYTES = 128_000_000

/** Starts one mock prover. Rejects when the port is taken. */
export async function runMockProver(options: MockProverOptions): Promise<MockProver> {
  const machine = mockMachine(options)
  const app = Fastify({ bodyLimit: INPUT_LIMIT_BYTES, forceCloseConnections: true, keepAliveTimeout: 120_000 })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  app.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) => {
    machine.refuse()
    return reply.code(error.statusCode ?? 500).send({ status: 'error', msg: error.message })
  })
  serve(app, '', machine)
  serve(app, '/api', machine)
  const host = options.host ?? '127.0.0.1'
  await app.listen({ port: options.port, host })
  const { port } = app.server.address() as AddressInfo // it listens on TCP
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}/`
  options.log.debug('mock prover listens', { url, delayMs: options.delayMs })
  return {
    url,
    port,
    stats: () => machine.stats(),
    close: async () => {
      machine.end()
      await app.close()
    },
  }
}

/** Starts `n` mock provers in this process, on consecutive ports from `port` or on free ones when it is 0. */
export async function runMockProvers(n: number, options: MockProverOptions): Promise<MockProver[]> {
  const started: MockProver[] = []
  try {
    for (let i = 0; i < n; i += 1) {
      const port = options.port === 0 ? 0 : options.port + i
      started.push(await runMockProver({ ...options, port, seed: options.seed + i }))
    }
    return started
  } catch (error) {
    await Promise.all(started.map(prover => prover.close()))
    throw error
  }
}

function serve(app: FastifyInstance, prefix: string, machine: MockMachine): void {
  const input = (request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const refused = (code: number, msg: string): FastifyReply => {
      machine.refuse()
      return reply.code(code).send({ status: 'error', msg })
    }
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
    if (!looksLikeObject(body)) return refused(400, 'the input is not a JSON object')
    const publicInput = publicInputOf(request, body)
    if (publicInput === null) return refused(400, `the header ${PUBLIC_INPUT_HEADER} is not a field element`)
    if (!machine.input(publicInput)) return refused(500, 'the prover is not ready')
    return reply.send()
  }
  app.get(`${prefix}/status`, (_request, reply) => reply.type('application/json').send(machine.status()))
  app.post(`${prefix}/input`, input)
  app.post(`${prefix}/input/:circuit`, input)
  app.post(`${prefix}/cancel`, (_request, reply) => {
    machine.cancel()
    return reply.send()
  })
}

const blank = (byte: number | undefined): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09

/** Braces at both ends; the megabytes between are taken on trust. */
function looksLikeObject(body: Buffer): boolean {
  let from = 0
  let to = body.length - 1
  while (blank(body[from])) from += 1
  while (to > from && blank(body[to])) to -= 1
  return to > from && body[from] === 0x7b && body[to] === 0x7d
}

/** From the header; without it, something that depends on the input alone. Null for a header that is no number. */
function publicInputOf(request: FastifyRequest, body: Buffer): bigint | null {
  const header = request.headers[PUBLIC_INPUT_HEADER]
  if (header === undefined) return BigInt(`0x${createHash('sha256').update(body).digest('hex')}`) % FIELD_ORDER
  if (typeof header !== 'string' || !/^[0-9]{1,78}$/.test(header)) return null
  const value = BigInt(header)
  return value < FIELD_ORDER ? value : null
}
