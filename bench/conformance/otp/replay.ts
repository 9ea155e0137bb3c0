/**
 * Runs one case on our layer and reports it in the recorder's words.
 */
import { ref } from '../../../src/actors/kit/ref.ts'
import { silentLog } from '../../../src/log.ts'
import type { CallResult } from '../../../src/supervisors/calls.ts'
import { createSystem, type System } from '../../../src/supervisors/system.ts'
import { SimulatedClock } from '../../../test/support/simulated-clock.ts'
import type { Case, Event, Expected, Node, Step, SupervisorNode } from './case.ts'
import { Recorder } from './recorder.ts'
import { type Die, specOf, supervisorOf } from './tree.ts'

/** What OTP would have done if it behaves as we do. */
export async function replay({ tree, events }: Case): Promise<Expected> {
  const replaying = new Replay(tree)
  const start = await replaying.start()
  if (start.result !== 'ok') return { start, steps: [], rootDiedAt: -1, end: { trace: [] } }
  const steps: Step[] = []
  let rootDiedAt: number | null = null
  for (const [at, event] of events.entries()) {
    steps.push(await replaying.step(event))
    if (replaying.alive) continue
    rootDiedAt = at
    break
  }
  return { start, steps, rootDiedAt, end: { trace: rootDiedAt === null ? await replaying.end() : [] } }
}

class Replay {
  readonly #clock = new SimulatedClock()
  readonly #recorder = new Recorder()
  readonly #system: System
  /** Supervisors whose children come from a template. */
  readonly #dynamic = new Set<string>()

  constructor(tree: SupervisorNode) {
    this.#findDynamic(tree)
    this.#system = createSystem(supervisorOf(tree, this.#recorder.nextAttempt), {
      clock: this.#clock,
      random: () => 0,
      log: silentLog,
      name: 'otp-traces',
    })
    this.#system.onEvent(event => this.#recorder.hear(event))
  }

  get alive(): boolean {
    return this.#recorder.runs('root')
  }

  async start(): Promise<Step> {
    const started = this.#system.start().then(
      () => 'ok',
      () => 'error:start_failed',
    )
    return await this.#settled(started)
  }

  async step(event: Event): Promise<Step> {
    if (event.op === 'advance') await this.#clock.advance(event.ms)
    return await this.#settled(this.#apply(event))
  }

  async end(): Promise<Step['trace']> {
    const { trace } = await this.#settled(this.#system.stop().then(() => 'ok'))
    return trace
  }

  #apply(event: Event): Promise<string | string[]> {
    switch (event.op) {
      case 'exit':
        return this.#exit(event.id, event.reason)
      case 'exit_batch':
        return this.#exitBatch(event.sup, event.exits)
      case 'terminate_child':
        return this.#terminate(event.sup, event.id)
      case 'restart_child':
        return this.#call(this.#system.restartChild(event.sup, event.id))
      case 'delete_child':
        return this.#call(this.#system.deleteChild(event.sup, event.id))
      case 'start_child':
        return this.#startChild(event)
      case 'advance':
        return Promise.resolve('ok')
    }
  }

  async #exit(id: string, reason: Die['reason'] | 'kill'): Promise<string> {
    if (!this.#recorder.runs(id)) return 'not_running'
    const ended = new Promise<void>(resolve => this.#system.watch(id, () => resolve()))
    if (reason === 'kill') this.#system.kill(id)
    else this.#system.send(ref<Die>(id), { type: 'die', reason })
    await ended
    return 'ok'
  }

  async #exitBatch(
    sup: string,
    exits: readonly (readonly [string, Die['reason'] | 'kill'])[],
  ): Promise<string | string[]> {
    if (!this.#recorder.runs(sup)) return 'error:noproc'
    this.#system.suspend(sup)
    const results: string[] = []
    for (const [id, reason] of exits) results.push(await this.#exit(id, reason))
    this.#system.resume(sup)
    return results
  }

  #terminate(sup: string, id: string): Promise<string> {
    const gone = this.#dynamic.has(sup) && this.#recorder.runs(sup) && !this.#recorder.runs(id)
    return gone ? Promise.resolve('not_running') : this.#call(this.#system.terminateChild(sup, id))
  }

  #startChild({ sup, spec, id }: Event & { op: 'start_child' }): Promise<string> {
    if (id !== undefined) this.#recorder.dynamic(id, sup)
    const child = spec === undefined ? { id: id ?? '' } : specOf(spec, this.#recorder.nextAttempt)
    return this.#call(this.#system.startChild(sup, child))
  }

  async #call(called: Promise<CallResult>): Promise<string> {
    const result = await called
    if (!result.ok) return `error:${result.error.replaceAll('-', '_')}`
    return result.is === 'ignored' ? 'ok:ignored' : 'ok'
  }

  /** Lets all follow that follows, including what only time brings to an end (a child that hangs at shutdown). */
  async #settled(going: Promise<string | string[]>): Promise<Step> {
    let result: string | string[] | null = null
    void going.then(value => (result = value))
    while (true) {
      await this.#recorder.quiet()
      if (this.#clock.nextAt === null) break
      await this.#clock.advance(this.#clock.nextAt - this.#clock.now())
    }
    if (result === null) throw new Error('the call never returned')
    return { result, trace: this.#recorder.take(), state: await this.#state() }
  }

  async #state(): Promise<Step['state']> {
    const state: Record<string, (readonly [string, string])[]> = {}
    for (const id of this.#recorder.runningSupervisors()) {
      const rows = ((await this.#system.whichChildren(id)) ?? []).map(row => [row.id, row.state] as const)
      state[id] = this.#dynamic.has(id) ? rows.toSorted(([a], [b]) => (a < b ? -1 : 1)) : rows
    }
    return state
  }

  #findDynamic(node: Node): void {
    if (node.type === 'worker') return
    if (node.template !== undefined) this.#dynamic.add(node.id)
    for (const child of node.children ?? []) this.#findDynamic(child)
  }
}
