/**
 * Options that are numbers or durations, with the refusal a user reads.
 */
import { InvalidArgumentError } from 'commander'
import { parseDuration } from '../config/units.ts'

/** A whole number from `min` to `max`. */
export const whole =
  (min: number, max: number) =>
  (text: string): number => {
    const value = Number(text)
    if (/^\d+$/.test(text) && value >= min && value <= max) return value
    throw new InvalidArgumentError(`A whole number from ${min} to ${max} is expected.`)
  }

/** A probability from 0 to 1. */
export function rate(text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && value >= 0 && value <= 1) return value
  throw new InvalidArgumentError('A number from 0 to 1 is expected.')
}

/** A duration such as `2s`; a bare number is milliseconds. */
export function duration(text: string): number {
  const value = parseDuration(/^\d+$/.test(text) ? `${text}ms` : text)
  if (value !== null) return value
  throw new InvalidArgumentError('A duration such as 500ms, 2s or 1m is expected.')
}
