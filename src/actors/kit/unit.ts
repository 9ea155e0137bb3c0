/**
 * What supervisors and what they supervise say to each other: a unit is started and ended by its owner, and tells the
 * owner when it ends by itself.
 */
import type { Clock } from '../../clock.ts'
import type { Log } from '../../log.ts'
import type { Tagged } from './actor.ts'
import type { SystemEvent } from './events.ts'
import type { Exit } from './exit.ts'
import type { Strands } from './nact.ts'

/** Milliseconds to end in, or at once, or as long as it takes. */
export type Within = number | 'brutal-kill' | 'infinity'

export type StartOutcome =
  | { readonly is: 'running' }
  | { readonly is: 'ignored' }
  /** An outage is being waited out; `lateStart` tells the owner how it went. */
  | { readonly is: 'waiting' }
  | { readonly is: 'failed'; readonly error: unknown }

/** The supervisor of a unit, as the unit sees it. Calls with an incarnation that is no longer current are ignored. */
export interface Owner {
  ended(id: string, incarnation: number, exit: Exit): void
  lateStart(id: string, incarnation: number, outcome: StartOutcome): void
}

export interface Unit {
  readonly id: string
  /** Counts start attempts. */
  readonly incarnation: number
  begin(): StartOutcome | Promise<StartOutcome>
  /** Ends the current incarnation; returns nothing when that was done on the spot. */
  end(within: Within): void | Promise<void>
  /** Ends it and all below it on the spot; nothing of theirs runs any more as far as anyone can tell. */
  kill(exit: Exit): void
  /** Whether messages are kept while it does not run, because it will run again. */
  expect(again: boolean): void
  /** Whether a message sent now would be kept or handled. */
  readonly accepts: boolean
  /** Takes a message in, or makes it a dead letter. False when this very message was lost. */
  deliver(message: Tagged): boolean
}

/** What all units of a system share. */
export interface Runtime {
  readonly clock: Clock
  readonly random: () => number
  readonly log: Log
  readonly strands: Strands
  readonly units: Map<string, Unit>
  /** Runs a handler so that promises it leaves floating are known to be this unit's; null when nobody asked. */
  readonly attribute: (<T>(unit: Unit, run: () => T) => T) | null
  readonly emit: (event: SystemEvent) => void
  readonly deadLetter: (to: string, message: string) => void
  readonly send: (to: string, message: Tagged) => void
  readonly deliver: (to: string, message: Tagged) => Promise<void>
  readonly ask: <R>(to: string, question: (reply: (answer: R) => void) => unknown, deadlineMs: number) => Promise<R>
  /** One-shot: runs when the current incarnation ends; at once when none lives. */
  readonly watch: (id: string, run: (reason: string) => void) => () => void
}
