/**
 * A mailbox: first in, first out, with a bound and a stated rule for what happens beyond it.
 */
import type { MailboxOptions, Tagged } from './actor.ts'
import { Queue } from './queue.ts'

/** What became of an offered message; `replaced` and `full` leave the message that lost its place in `lost`. */
export type Offer = 'queued' | 'replaced' | 'full'

/** Where a coalescing message waits, so that newer news can take its place. */
class Slot {
  readonly type = 'slot'
  message: Tagged

  constructor(message: Tagged) {
    this.message = message
  }
}

export class Mailbox {
  readonly capacity: number
  readonly overflow: MailboxOptions<Tagged>['overflow']
  /** Messages this mailbox lost to its bound. */
  dropped = 0
  /** The message that was lost or replaced by the last offer. */
  lost: Tagged | null = null
  readonly #queue = new Queue<Tagged>()
  readonly #key: (message: Tagged) => string
  /** By key; null unless messages coalesce. */
  readonly #slots: Map<string, Slot> | null

  constructor(options: MailboxOptions<Tagged> | undefined) {
    this.capacity = options?.capacity ?? Number.POSITIVE_INFINITY
    this.overflow = options?.overflow ?? 'reject'
    this.#key = options?.key ?? byType
    this.#slots = this.overflow === 'coalesce' ? new Map() : null
  }

  get length(): number {
    return this.#queue.length
  }

  get full(): boolean {
    return this.#queue.length >= this.capacity
  }

  /** Takes the message in, or says what the overflow rule did instead. */
  offer(message: Tagged): Offer {
    if (this.#slots !== null) return this.#coalesce(this.#slots, message)
    if (this.#queue.length < this.capacity) {
      this.#queue.push(message)
      return 'queued'
    }
    this.dropped++
    if (this.overflow === 'drop-oldest') {
      this.lost = this.take() ?? null
      this.#queue.push(message)
    } else {
      this.lost = message
    }
    return 'full'
  }

  /** The oldest message, or undefined. */
  take(): Tagged | undefined {
    const first = this.#queue.take()
    if (this.#slots === null || !(first instanceof Slot)) return first
    this.#slots.delete(this.#key(first.message))
    return first.message
  }

  /** Empties the mailbox and hands out what was in it, oldest first. */
  drain(): Tagged[] {
    const all: Tagged[] = []
    for (let message = this.take(); message !== undefined; message = this.take()) all.push(message)
    return all
  }

  #coalesce(slots: Map<string, Slot>, message: Tagged): Offer {
    const key = this.#key(message)
    const waiting = slots.get(key)
    if (waiting !== undefined) {
      this.lost = waiting.message
      waiting.message = message
      return 'replaced'
    }
    if (this.full) {
      this.dropped++
      this.lost = message
      return 'full'
    }
    const slot = new Slot(message)
    slots.set(key, slot)
    this.#queue.push(slot)
    return 'queued'
  }
}

const byType = (message: Tagged): string => message.type
