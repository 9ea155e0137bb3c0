/**
 * Our side of the measurements: the host process, and numbers of wishes that no two measurements share.
 */
import { fork, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import type { HostNews, HostOrder } from './host.ts'
import { ended } from '../load/daemon.ts'
import type { TxWorld } from './world.ts'

export interface Usage {
  readonly cpuMs: number
  readonly rssBytes: number
  /** After a collection. */
  readonly heapBytes: number
}

export interface Host {
  readonly process: ChildProcess
  /** Wishes for so many more; answers the number of the first. */
  wish(count: number, confirmations: number): number
  /** Resolves when so many outcomes were told and acknowledged since the start of this host. */
  told(count: number): Promise<void>
  usage(): Promise<Usage>
  stop(): Promise<void>
  kill(): Promise<void>
}

let numbers = 1

/** As many numbers as asked for, never given before in this process; answers the first. */
export function takeNumbers(count: number): number {
  const from = numbers
  numbers += count
  return from
}

/** Starts the host and waits until everything runs. It writes a processor profile into `profile`, if that is given. */
export async function startHost(world: TxWorld, profile?: string): Promise<Host> {
  const child = fork(join(import.meta.dirname, 'host.ts'), [world.config], {
    execArgv: [
      '--expose-gc',
      '--max-semi-space-size=8',
      '--heap-growing-percent=50', // the daemon sets these two itself
      ...(profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`]),
    ],
    stdio: 'inherit',
  })
  const order = (what: HostOrder): void => void child.send(what)
  const heard = new Set<(news: HostNews) => void>()
  child.on('message', (news: HostNews) => heard.forEach(hear => hear(news)))
  let told = 0
  heard.add(news => {
    if (news.news === 'told') told += news.count
  })
  const gone = new Promise<never>((_, reject) => {
    child.once('exit', code => reject(new Error(`the host ended with ${code}`)))
  })
  gone.catch(() => {}) // of interest only to who waits
  const until = <T>(pick: (news: HostNews) => T | null): Promise<T> => {
    const picking = new Promise<T>(resolve => {
      const hear = (news: HostNews): void => {
        const picked = pick(news)
        if (picked === null) return
        heard.delete(hear)
        resolve(picked)
      }
      heard.add(hear)
    })
    return Promise.race([picking, gone])
  }
  await until(news => (news.news === 'up' ? true : null))
  return {
    process: child,
    wish: (count, confirmations) => {
      const from = takeNumbers(count)
      order({ do: 'wish', from, count, confirmations })
      return from
    },
    told: async count => {
      if (told < count) await until(() => (told >= count ? true : null))
    },
    usage: () => {
      const answer = until(news => (news.news === 'usage' ? news : null))
      order({ do: 'usage' })
      return answer
    },
    stop: async () => {
      order({ do: 'stop' })
      await new Promise(resolve => child.once('exit', resolve))
    },
    kill: () => ended(child, 'SIGKILL'),
  }
}

export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN

/** The value below which this part of the values lies. */
export const quantile = (values: readonly number[], part: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.ceil(values.length * part) - 1)] ?? Number.NaN
