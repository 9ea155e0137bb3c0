/**
 * Finds the sections roles bring: every `src/actors/NAME/config.ts` that exports `NAMESection`, a schema, is the
 * table `[NAME]`. Nothing else of a role is loaded, so that commands stay quick.
 */
import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import type { TSchema } from 'typebox'
import { isTable } from './origins.ts'
import type { RoleSection } from './schema.ts'

const ACTORS = new URL('../actors/', import.meta.url)

/** The sections of all roles, by name in alphabetical order. */
export async function findRoleSections(): Promise<RoleSection[]> {
  const names = (await readdir(ACTORS)).filter(name => existsSync(new URL(`${name}/config.ts`, ACTORS))).toSorted()
  const found = await Promise.all(names.map(async name => ({ name, schema: await sectionOf(name) })))
  return found.flatMap(({ name, schema }) => (schema === null ? [] : [{ name, schema }]))
}

async function sectionOf(name: string): Promise<TSchema | null> {
  const module: unknown = await import(new URL(`${name}/config.ts`, ACTORS).href)
  const exported = isTable(module) ? module[`${name}Section`] : null
  // A schema made by TypeBox is an object; its keywords are read one by one later.
  return typeof exported === 'object' && exported !== null ? exported : null
}
