/**
 * `mock-prover`: a proof server that speaks the real API and proves nothing, for demos, tests and load.
 */
import { createLog } from '../../log.ts'
import { command, runs, type Register } from '../command.ts'
import { show, type GlobalOptions } from '../context.ts'
import { PortTakenError } from '../errors.ts'
import { duration, rate, whole } from '../numbers.ts'

interface Options extends GlobalOptions {
  readonly host: string
  readonly port: number
  readonly delay: number
  readonly failRate: number
  readonly hangRate: number
  readonly seed: number
}

export const mockProver: Register = (program, session) => {
  const { io } = session
  const own = command('mock-prover', 'run a proof server that proves nothing')
    .option('--host <address>', 'the address to listen on', '127.0.0.1')
    .option('--port <port>', 'the port to listen on; 0 takes a free one', whole(0, 65_535), 3000)
    .option('--delay <duration>', 'how long a proof takes', duration, 1000)
    .option('--fail-rate <rate>', 'part of the proofs that fail, from 0 to 1', rate, 0)
    .option('--hang-rate <rate>', 'part of the proofs that never end, from 0 to 1', rate, 0)
    .option('--seed <number>', 'seed of the random failures', whole(0, 2 ** 32 - 1), 1)
  runs<Options>(session, own, async options => {
    const { runMockProver } = await import('../../actors/forger/mock-prover.ts')
    const { host, port, delay, failRate, hangRate, seed } = options
    const log = createLog({ level: 'info', format: io.terminal ? 'pretty' : 'json' })
    const prover = await runMockProver({ host, port, delayMs: delay, failRate, hangRate, seed, log }).catch(taken(port))
    show(io, options, { url: prover.url, port: prover.port }, () => `mock prover at ${prover.url}; stop it with Ctrl-C`)
    await io.stopAsked()
    await prover.close()
    return 0
  })
  program.addCommand(own)
}

/** Listening fails for one reason an operator meets: somebody else listens there. */
const taken =
  (port: number) =>
  (error: unknown): never => {
    const code = error instanceof Error && 'code' in error ? error.code : null
    if (code === 'EADDRINUSE') throw new PortTakenError(port, error)
    throw error
  }
