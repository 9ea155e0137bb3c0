/**
 * The conformance data lies beside the checkout, or where FORGEKEEPER_SHARED says. It may be absent: tests of it are then
 * skipped, and the run lists them as such; everything else is tested without it.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'

const shared = process.env['FORGEKEEPER_SHARED'] ?? join(import.meta.dirname, '../../../shared')

/** The folder of a family, and whether it is there. */
export function fixturesOf(...path: readonly string[]): { readonly folder: string; readonly there: boolean } {
  const folder = join(shared, 'fixtures', ...path)
  return { folder, there: existsSync(folder) }
}
