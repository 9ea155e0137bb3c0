/**
 * The only place that calls nact, and only `start`, `spawn`, `dispatch` and `stop`.
 *
 * A strand is one nact actor that runs `turn` of one of our actors or supervisors, never twice at once. State, mailbox
 * and supervision are ours: nact's own supervision loses children and can end the process (its facts are pinned in
 * nact.test.ts).
 * Strands hang under a passive container that never gets a message, so nobody pays nact's copy of the child map.
 */
import { dispatch, spawn, start, stop, type Ref } from 'nact'

/** What a strand runs. `turn` handles what is waiting; `bug` hears about a failure of our own code. */
export interface Runnable {
  turn(): void | Promise<void>
  bug(error: unknown): void
}

// oxlint-disable-next-line typescript/no-generated-empty-object-type -- nact's references have no members
export type Strand = Ref<unknown>

export interface Strands {
  /** A new strand, idle until woken. */
  open(runnable: Runnable): Strand
  /** Runs `turn` in a later turn of the event loop. */
  wake(strand: Strand): void
  /** Nothing runs on it any more; a turn in progress is not waited for. */
  close(strand: Strand): void
  /** Ends all. */
  end(): void
}

// A second nact system of the same name would silently take over the first one's addresses.
let systems = 0

export function openStrands(name: string): Strands {
  // nact's types refuse the options object that its code wants.
  const system = start({ name: `${name}-${++systems}` } as unknown as string)
  const container = spawn(system, passive, 'strands')
  let opened = 0
  return {
    open: runnable => {
      // Bound, not wrapped: every error a handler makes pays for each frame between nact and the handler.
      const turn = runnable.turn.bind(runnable)
      return spawn(container, turn, `s${++opened}`, {
        onCrash: (_message, error, ctx) => {
          runnable.bug(error)
          return ctx.resume
        },
      })
    },
    wake: strand => dispatch(strand, WAKE),
    close: strand => stop(strand),
    end: () => {
      stop(container)
      stop(system)
    },
  }
}

const WAKE = 'wake'

const passive = (state: unknown): unknown => state
