/**
 * Addresses. A reference names an actor, not one incarnation of it: it survives every restart.
 */
declare const accepts: unique symbol

/** Where messages of type `M` may be sent. Contravariant: sending what the actor does not accept is a compile error. */
export interface Ref<in M> {
  /** The child id in the tree, unique in a system: `forger/coordinator`, `tx-manager:local/0xabc…`. */
  readonly id: string
  readonly [accepts]: ((message: M) => void) | undefined
}

/** The address of the actor with this id, whether or not it runs now. */
export const ref = <M>(id: string): Ref<M> => ({ id }) as Ref<M>
