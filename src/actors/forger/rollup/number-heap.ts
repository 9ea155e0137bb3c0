/**
 * A binary heap of numbers: the smallest comes out first.
 */
export class NumberHeap {
  readonly #values: number[] = []

  push(value: number): void {
    const values = this.#values
    let at = values.push(value) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if ((values[parent] ?? 0) <= value) break
      values[at] = values[parent] ?? 0
      at = parent
    }
    values[at] = value
  }

  /** Takes the smallest out; `undefined` when there is none. */
  pop(): number | undefined {
    const values = this.#values
    const smallest = values[0]
    const moved = values.pop()
    if (moved !== undefined && values.length > 0) this.#sink(moved)
    return smallest
  }

  /** Puts a value at the top and lets it down to its place. */
  #sink(value: number): void {
    const values = this.#values
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= values.length) break
      if (child + 1 < values.length && (values[child + 1] ?? 0) < (values[child] ?? 0)) child++
      if ((values[child] ?? 0) >= value) break
      values[at] = values[child] ?? 0
      at = child
    }
    values[at] = value
  }
}
