/**
 * Finds the line of every key and list item of a TOML text that a TOML parser has already accepted, because the parser
 * does not tell. Lenient by design: what it does not understand has no line.
 */

/** Dotted path to line, counted from 1: `chains.main`, `chains.main.rpc`, `chains.main.rpc.0`. The first mention wins. */
export function tomlLines(text: string): ReadonlyMap<string, number> {
  const scanner = new Scanner(text)
  scanner.document()
  return scanner.lines
}

class Scanner {
  readonly lines = new Map<string, number>()
  readonly #tables = new Map<string, number>()
  readonly #text: string
  #at = 0
  #line = 1

  constructor(text: string) {
    this.#text = text
  }

  document(): void {
    let table: string[] = []
    for (this.#skipBlank(); this.#at < this.#text.length; this.#skipBlank()) {
      const start = this.#at
      if (this.#peek() === '[') table = this.#header()
      else this.#pair(table)
      if (this.#at === start) this.#step()
    }
  }

  #header(): string[] {
    const line = this.#line
    const list = this.#text.startsWith('[[', this.#at)
    this.#step(list ? 2 : 1)
    const path = this.#key()
    this.#skipTo('\n')
    if (list) {
      const dotted = path.join('.')
      const index = this.#tables.get(dotted) ?? 0
      this.#tables.set(dotted, index + 1)
      this.#note(path, line)
      path.push(String(index))
    }
    this.#note(path, line)
    return path
  }

  #pair(table: readonly string[]): void {
    const line = this.#line
    const key = this.#key()
    const path = [...table, ...key]
    key.forEach((_, index) => this.#note(path.slice(0, table.length + index + 1), line))
    this.#skipBlank()
    if (this.#peek() === '=') this.#step()
    this.#value(path)
  }

  #key(): string[] {
    const path: string[] = []
    for (;;) {
      this.#skipBlank()
      path.push(this.#keyPart())
      this.#skipBlank()
      if (this.#peek() !== '.') return path
      this.#step()
    }
  }

  #keyPart(): string {
    const start = this.#at
    if (this.#peek() === '"' || this.#peek() === "'") {
      this.#string()
      return this.#text.slice(start + 1, this.#at - 1)
    }
    while (/[A-Za-z0-9_-]/.test(this.#peek())) this.#step()
    return this.#text.slice(start, this.#at)
  }

  #value(path: readonly string[]): void {
    this.#skipBlank()
    const first = this.#peek()
    if (first === '"' || first === "'") return this.#string()
    if (first === '[') return this.#list(path)
    if (first === '{') return this.#inlineTable(path)
    while (this.#at < this.#text.length && !/[,\]}#\n]/.test(this.#peek())) this.#step()
  }

  #list(path: readonly string[]): void {
    this.#step()
    for (let index = 0; ; index++) {
      this.#skipBlank()
      if (this.#closes(']')) return
      this.#note([...path, String(index)], this.#line)
      const start = this.#at
      this.#value([...path, String(index)])
      this.#skipBlank()
      if (this.#peek() === ',' || this.#at === start) this.#step()
    }
  }

  #inlineTable(path: readonly string[]): void {
    this.#step()
    for (;;) {
      this.#skipBlank()
      if (this.#closes('}')) return
      const start = this.#at
      this.#pair(path)
      this.#skipBlank()
      if (this.#peek() === ',' || this.#at === start) this.#step()
    }
  }

  #closes(bracket: string): boolean {
    if (this.#at >= this.#text.length) return true
    if (this.#peek() !== bracket) return false
    this.#step()
    return true
  }

  #string(): void {
    const quote = this.#peek()
    const long = this.#text.startsWith(quote.repeat(3), this.#at)
    const end = long ? quote.repeat(3) : quote
    this.#step(end.length)
    while (this.#at < this.#text.length && !this.#text.startsWith(end, this.#at)) {
      this.#step(quote === '"' && this.#peek() === '\\' ? 2 : 1)
    }
    this.#step(end.length)
    // A long string may end in up to two quotes of its own.
    if (long) while (this.#peek() === quote) this.#step()
  }

  #note(path: readonly string[], line: number): void {
    const dotted = path.join('.')
    if (!this.lines.has(dotted)) this.lines.set(dotted, line)
  }

  #skipBlank(): void {
    while (/[\s#]/.test(this.#peek())) {
      if (this.#peek() === '#') this.#skipTo('\n')
      else this.#step()
    }
  }

  #skipTo(end: string): void {
    while (this.#at < this.#text.length && this.#peek() !== end) this.#step()
  }

  #peek(): string {
    return this.#text[this.#at] ?? ''
  }

  #step(count = 1): void {
    for (let left = count; left > 0 && this.#at < this.#text.length; left--) {
      if (this.#text[this.#at] === '\n') this.#line++
      this.#at++
    }
  }
}
