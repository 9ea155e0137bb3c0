/** A proof server that answers exactly what a test tells it to, and writes down what it was asked. */
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ExecutionContext } from 'ava'

export interface Reply {
  readonly code?: number
  readonly body?: unknown
  /** Ends the connection without an answer. */
  readonly hangUp?: true
  /** Never answers. */
  readonly silent?: true
}

export interface ScriptedProver {
  readonly url: string
  /** `GET /status`, `POST /input`, … in the order they came. */
  readonly calls: string[]
  readonly inputs: { readonly body: string; readonly publicInput: string | undefined }[]
  /** How often `GET /status` was asked for. */
  looks(): number
  /** The answers to the next looks; the last one is repeated. */
  status: Reply[]
  /** The answers to the next inputs; the last one is repeated. */
  input: Reply[]
  cancel: Reply[]
  /** Called with every input that was taken. */
  onInput: (publicInput: string) => void
  onCancel: () => void
  close(): Promise<void>
}

export const status = (word: string, more: Record<string, unknown> = {}): Reply => ({ body: { status: word, ...more } })

export const groth16 = (publicInput: bigint | string): Record<string, unknown> => ({
  pi_a: [String(publicInput), '2', '1'],
  pi_b: [
    ['3', '4'],
    ['5', '6'],
    ['1', '0'],
  ],
  pi_c: ['7', '8', '1'],
  protocol: 'groth16',
})

export const success = (publicInput: bigint | string, proof: unknown = groth16(publicInput)): Reply =>
  status('success', { proof: JSON.stringify(proof), pubData: JSON.stringify([String(publicInput)]) })

/** Starts one; it ends with its test. */
export async function scriptedProver(t: ExecutionContext): Promise<ScriptedProver> {
  const server = createServer((request, response) => {
    void (async () => {
      const body = await bodyOf(request)
      const path = request.url ?? ''
      prover.calls.push(`${request.method} ${path}`)
      if (path.includes('input')) {
        const publicInput = request.headers['forgekeeper-public-input']?.toString()
        prover.inputs.push({ body, publicInput })
        prover.onInput(publicInput ?? '')
      }
      if (path.includes('cancel')) prover.onCancel()
      const queue = path.includes('input') ? prover.input : path.includes('cancel') ? prover.cancel : prover.status
      const reply = (queue.length > 1 ? queue.shift() : queue[0]) ?? {}
      if (reply.silent) return
      if (reply.hangUp) return void response.destroy()
      response.writeHead(reply.code ?? 200, { 'content-type': 'application/json' })
      response.end(typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body ?? {}))
    })()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port: taken } = server.address() as AddressInfo // it listens on TCP
  const prover: ScriptedProver = {
    url: `http://127.0.0.1:${taken}/`,
    calls: [],
    inputs: [],
    looks: () => prover.calls.filter(call => call.startsWith('GET')).length,
    status: [status('ready')],
    input: [{}],
    cancel: [{}],
    onInput: () => {},
    onCancel: () => {},
    close: () =>
      new Promise(resolve => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
  t.teardown(() => prover.close())
  return prover
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer) // no encoding is set, so chunks are Buffers
  return Buffer.concat(chunks).toString('utf8')
}
