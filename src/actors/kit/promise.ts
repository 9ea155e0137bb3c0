/** A promise of ours or of anybody. */
export const isPromise = (value: unknown): value is Promise<never> =>
  typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
