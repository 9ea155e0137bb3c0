/**
 * Ports that are known before somebody listens on them, or after: below those that a system gives out by itself, so that
 * no other server and no outgoing connection can come to have one meanwhile.
 */
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'

/** Linux gives out 32768 and above, others 49152 and above; browsers and `fetch` refuse some that are lower. */
const [FROM, TO] = [20_000, 30_000]

/** A port of the loopback interface that nobody listens on, and nobody will who did not ask for it. */
export async function quietPort(): Promise<number> {
  for (;;) {
    const port = randomInt(FROM, TO)
    const server = createServer()
    const listening = await new Promise<boolean>(resolve => {
      server.once('error', () => resolve(false))
      server.listen({ port, host: '127.0.0.1', exclusive: true }, () => resolve(true))
    })
    if (!listening) continue
    server.close()
    await once(server, 'close')
    return port
  }
}

/** Where every connection is refused. */
export const refusingUrl = async (): Promise<string> => `http://127.0.0.1:${await quietPort()}/`
