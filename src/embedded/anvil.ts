/**
 * anvil, a local EVM chain, as a part of the daemon: on loopback, on a port of its own, its state in a file.
 *
 * anvil writes its state every second, not in one step, and refuses a file that was cut off. So a whole copy is kept
 * beside it (anvil-state.ts) and taken when the file itself cannot be read.
 */
import { access, constants, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { delimiter, dirname, join, resolve } from 'node:path'
import { messageOf } from '../errors.ts'
import type { Log } from '../log.ts'
import { keepCopies, restoreState } from './anvil-state.ts'
import { startServer, type ServerExit, type ServerProcess } from './child.ts'
import { AnvilFailedError, ChainStateBusyError, NoAnvilError } from './errors.ts'
import { goneWithin } from './former-server.ts'

export interface AnvilOptions {
  /** Where the chain lives on; without it the chain ends with the process. */
  readonly stateFile?: string
  /** Mines every so many seconds (fractions allowed); left out: a block as soon as there is a transaction. */
  readonly blockTimeSeconds?: number
  readonly chainId: number
  /** 0 or left out: a free one. */
  readonly port?: number
  /** Further arguments of anvil. */
  readonly args?: readonly string[]
  readonly log: Log
}

export interface Anvil {
  /** `http://127.0.0.1:PORT` */
  readonly rpcUrl: string
  /** `ws://127.0.0.1:PORT` */
  readonly wsUrl: string
  readonly pid: number
  /** Resolves when anvil is gone, for whatever reason; never rejects. */
  readonly exited: Promise<ServerExit>
  /** Ends anvil, which then writes its state; it is killed when it takes longer than `deadlineMs`. */
  stop(deadlineMs: number): Promise<ServerExit>
}

const START_MS = 30_000
const ORPHAN_GRACE_MS = 10_000
const FORMER_SERVER_MS = 15_000

/**
 * Starts anvil and waits until it listens; the chain goes on where its state file ends. Throws NoAnvilError,
 * ChainStateBusyError or AnvilFailedError.
 */
export async function startAnvil(options: AnvilOptions): Promise<Anvil> {
  const command = await anvilProgram()
  const stateFile = options.stateFile === undefined ? null : resolve(options.stateFile)
  if (stateFile !== null) await prepareState(stateFile, options.log)
  const server = await launch(command, stateFile, options)
  if (stateFile !== null) {
    await writeFile(pidFile(stateFile), `${server.pid}\n`)
    const endCopies = keepCopies(stateFile, options.log)
    void server.exited.then(endCopies)
  }
  const address = `127.0.0.1:${server.ready}`
  options.log.debug('embedded chain is up', { pid: server.pid, port: server.ready })
  const { pid, exited, stop } = server
  return { rpcUrl: `http://${address}`, wsUrl: `ws://${address}`, pid, exited, stop }
}

/** The binary of the npm package, or else the `anvil` that the PATH finds first. */
async function anvilProgram(): Promise<string> {
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch
  const name = `@foundry-rs/anvil-${process.platform}-${architecture}`
  try {
    return createRequire(import.meta.url).resolve(`${name}/bin/anvil`)
  } catch (cause) {
    for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
      const file = join(folder, 'anvil')
      if (await access(file, constants.X_OK).then(() => true, () => false)) return file // prettier-ignore
    }
    throw new NoAnvilError(`neither ${name} nor an anvil on the PATH is there`, { cause, facts: { package: name } })
  }
}

const pidFile = (stateFile: string): string => `${stateFile}.pid`

async function prepareState(stateFile: string, log: Log): Promise<void> {
  await mkdir(dirname(stateFile), { recursive: true, mode: 0o700 })
  const pid = Number.parseInt(await readFile(pidFile(stateFile), 'utf8').catch(() => ''), 10)
  const former = await goneWithin(pid, stateFile, FORMER_SERVER_MS, () => log.info('waiting for the former chain'))
  if (former === 'busy')
    throw new ChainStateBusyError(`an anvil, process ${pid}, writes ${stateFile}`, { facts: { pid, stateFile } })
  await rm(pidFile(stateFile), { force: true })
  await restoreState(stateFile, log)
}

async function launch(
  command: string,
  stateFile: string | null,
  options: AnvilOptions,
): Promise<ServerProcess & { readonly ready: number }> {
  const args = ['--host', '127.0.0.1', '--port', String(options.port ?? 0), '--chain-id', String(options.chainId)]
  if (stateFile !== null) args.push('--state', stateFile, '--state-interval', '1')
  if (options.blockTimeSeconds !== undefined) args.push('--block-time', String(options.blockTimeSeconds))
  try {
    return await startServer({
      command,
      args: [...args, ...(options.args ?? [])],
      stopSignal: 'TERM',
      ready: printed => {
        const port = /Listening on 127\.0\.0\.1:(\d+)/.exec(printed)?.[1]
        return port === undefined ? undefined : Number(port)
      },
      readyWithinMs: START_MS,
      orphanGraceMs: ORPHAN_GRACE_MS,
    })
  } catch (cause) {
    throw new AnvilFailedError(`the embedded chain did not start: ${withoutKeys(messageOf(cause))}`)
  }
}

/** anvil prints the keys of its accounts before it listens. */
function withoutKeys(text: string): string {
  const lines = text.split('\n').filter(line => line.trim() !== '' && !/^Mnemonic:|0x[0-9a-f]{64}/.test(line))
  return lines.slice(-12).join('\n')
}
