/**
 * A mailbox: first in, first out, with a bound and a stated rule for what happens beyond it.
 *
 * A ring of slots that doubles; nothing is allocated before the first message. Positions are absolute numbers, so
 * that a coalesced message can be replaced where it waits.
 */
import type { MailboxOptions, Tagged } from './actor.ts'

/** What became of an offered message; `replaced` and `full` leave the message that lost its place in `lost`. */
export type Offer = 'queued' | 'replaced' | 'full'

const FIRST_SLOTS = 8

export class Mailbox {
  readonly capacity: number
  readonly overflow: MailboxOptions<Tagged>['overflow']
  /** Messages this mailbox lost to its bound. */
  dropped = 0
  /** The message that was lost or replaced by the last offer. */
  lost: Tagged | null = null
  readonly #key: (message: Tagged) => string
  readonly #keys: Map<string, number> | null
  #slots: (Tagged | undefined)[] = []
  #head = 0
  #tail = 0

  constructor(options: MailboxOptions<Tagged> | undefined) {
    this.capacity = options?.capacity ?? Number.POSITIVE_INFINITY
    this.overflow = options?.overflow ?? 'reject'
    this.#key = options?.key ?? byType
    this.#keys = this.overflow === 'coalesce' ? new Map() : null
  }

  get length(): number {
    return this.#tail - this.#head
  }

  get full(): boolean {
    return this.#tail - this.#head >= this.capacity
  }

  /** Takes the message in, or says what the overflow rule did instead. */
  offer(message: Tagged): Offer {
    if (this.#keys !== null && this.#replace(message)) return 'replaced'
    if (this.#tail - this.#head < this.capacity) {
      this.#push(message)
      return 'queued'
    }
    this.dropped++
    if (this.overflow === 'drop-oldest' && this.capacity > 0) {
      this.lost = this.take() ?? null
      this.#push(message)
    } else {
      this.lost = message
    }
    return 'full'
  }

  /** The oldest message, or undefined. */
  take(): Tagged | undefined {
    if (this.#head === this.#tail) return undefined
    const at = this.#head & (this.#slots.length - 1)
    const message = this.#slots[at]
    this.#slots[at] = undefined
    this.#head++
    if (this.#keys !== null && message !== undefined) this.#keys.delete(this.#key(message))
    return message
  }

  /** Empties the mailbox and hands out what was in it, oldest first. */
  drain(): Tagged[] {
    const all: Tagged[] = []
    for (let message = this.take(); message !== undefined; message = this.take()) all.push(message)
    return all
  }

  #replace(message: Tagged): boolean {
    const position = this.#keys?.get(this.#key(message))
    if (position === undefined) return false
    const at = position & (this.#slots.length - 1)
    this.lost = this.#slots[at] ?? null
    this.#slots[at] = message
    return true
  }

  #push(message: Tagged): void {
    if (this.#tail - this.#head === this.#slots.length) this.#grow()
    this.#slots[this.#tail & (this.#slots.length - 1)] = message
    this.#keys?.set(this.#key(message), this.#tail)
    this.#tail++
  }

  #grow(): void {
    const old = this.#slots
    const size = Math.max(FIRST_SLOTS, old.length * 2)
    this.#slots = Array.from({ length: size })
    for (let at = this.#head; at < this.#tail; at++) this.#slots[at & (size - 1)] = old[at & (old.length - 1)]
  }
}

const byType = (message: Tagged): string => message.type
