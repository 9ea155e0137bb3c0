/**
 * A few threads that check signatures, each busy with one at a time; the rest waits in order. Threads start with the first
 * check, are replaced when they die, and keep no process alive.
 */
import { Worker } from 'node:worker_threads'
import { SignatureCheckLost } from './errors.ts'
import type { SignatureAnswer, SignatureJob, SignatureQuestion } from './signature-jobs.ts'

export interface SignatureChecks {
  /** True when the signature is good. Rejects with SignatureCheckLost (transient) when the threads end meanwhile. */
  check(job: SignatureJob): Promise<boolean>
  /** Ends the threads; checks under way are rejected, later ones too. */
  stop(): Promise<void>
}

interface Waiting {
  readonly job: SignatureJob
  readonly resolve: (valid: boolean) => void
  readonly reject: (error: Error) => void
}

interface Thread {
  readonly worker: Worker
  readonly posted: Map<number, Waiting>
}

/** Posted ahead to each thread, so that it never waits for the event loop to hand it the next. */
const AHEAD = 4
/** A check leaves next to no garbage. */
const SMALL_HEAP = { maxYoungGenerationSizeMb: 4 }

export function startSignatureChecks(threads: number): SignatureChecks {
  const running = new Set<Thread>()
  const queue: Waiting[] = []
  let stopped = false
  let tickets = 0

  const start = (): Thread => {
    const worker = new Worker(new URL('./signature-worker.ts', import.meta.url), { resourceLimits: SMALL_HEAP })
    const thread: Thread = { worker, posted: new Map() }
    worker.unref()
    worker.on('message', ({ ticket, valid }: SignatureAnswer) => {
      thread.posted.get(ticket)?.resolve(valid)
      thread.posted.delete(ticket)
      next()
    })
    worker.on('error', (error: Error) => lose(thread, error))
    worker.on('exit', () => lose(thread, null))
    running.add(thread)
    return thread
  }
  const lose = (thread: Thread, cause: Error | null): void => {
    running.delete(thread)
    for (const { reject } of thread.posted.values()) reject(lost(cause))
    thread.posted.clear()
    if (!stopped) next()
  }
  const idlest = (): Thread | undefined => {
    const [first] = [...running].sort((a, b) => a.posted.size - b.posted.size)
    if (running.size < threads && (first === undefined || first.posted.size > 0)) return start()
    return first !== undefined && first.posted.size < AHEAD ? first : undefined
  }
  const next = (): void => {
    while (queue.length > 0) {
      const thread = idlest()
      const waiting = thread && queue.shift()
      if (!thread || !waiting) return
      const question: SignatureQuestion = { ticket: ++tickets, job: waiting.job }
      thread.posted.set(question.ticket, waiting)
      thread.worker.postMessage(question) // oxlint-disable-line unicorn/require-post-message-target-origin -- no window here
    }
  }
  return {
    check: job =>
      new Promise((resolve, reject) => {
        if (stopped) return reject(lost(null))
        queue.push({ job, resolve, reject })
        next()
      }),
    async stop() {
      stopped = true
      for (const { reject } of queue.splice(0)) reject(lost(null))
      await Promise.all([...running].map(thread => thread.worker.terminate()))
    },
  }
}

const lost = (cause: Error | null): SignatureCheckLost =>
  new SignatureCheckLost('the signature could not be checked just now', cause ? { cause } : {})
