/**
 * Making an instance of a module without imports. Node's types do not know the WebAssembly namespace, so the part that is used
 * here is declared.
 */
export interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer }
  readonly [name: string]: unknown
}

interface Namespace {
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => object
  readonly Instance: new (module: object) => { readonly exports: Exports }
}

/** Compiles and starts a module that imports nothing; the caller knows which functions it exports. */
export function instanceOf(bytes: Uint8Array<ArrayBuffer>): Exports {
  const { Module, Instance } = (globalThis as unknown as { readonly WebAssembly: Namespace }).WebAssembly
  return new Instance(new Module(bytes)).exports
}
