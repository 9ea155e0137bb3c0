/**
 * A policy is a list of small named rules. They are asked in order; the first that has an answer decides, and its name is
 * stored with the decision, so that a person can find the line that said no. Pure.
 */
export interface Rule<View, Settings, Decision> {
  /** Of the configuration's key, where one governs it. */
  readonly name: string
  /** Its decision; null when it has nothing to say and the next rule is asked. */
  readonly decide: (view: View, settings: Settings) => Decision | null
}

export type Decided<Decision> = Decision & { readonly rule: string }

/** What the first rule with an answer decides, and its name. Throws when none has: the last one must always answer. */
export function firstOf<View, Settings, Decision>(
  rules: readonly Rule<View, Settings, Decision>[],
  view: View,
  settings: Settings,
): Decided<Decision> {
  for (const { name, decide } of rules) {
    const decision = decide(view, settings)
    if (decision !== null) return { ...decision, rule: name }
  }
  throw new Error('no rule of the policy has an answer')
}
