/** Loads configurations from text, with a role of its own, so that tests do not depend on the real roles. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Type } from 'typebox'
import { ConfigError, type Problem } from '../../src/config/errors.ts'
import { Address, Duration, NameOf, SecretReference, Section, Url, Wei } from '../../src/config/fields.ts'
import { loadConfig, type Loaded, type LoadOptions } from '../../src/config/load.ts'

export const painter = Section(
  {
    canvas: Address({ description: 'What it paints on.' }),
    dry_time: Duration({
      default: '1h',
      description: 'How long it dries.',
      'x-env-aliases': ['OLD_DRY_TIME', { name: 'OLD_DRY_SECONDS', unit: 's' }],
    }),
    budget: Type.Optional(
      Wei({ description: 'Most it may spend.', 'x-env-aliases': [{ name: 'OLD_PRICE', unit: 'gwei' }] }),
    ),
    colours: Type.Array(Type.String(), { default: ['red'], description: 'What it paints with.' }),
    wall: Type.Optional(NameOf('chains', { description: 'Where it hangs.' })),
    shop: Type.Optional(Url({ schemes: ['http', 'https'], description: 'Where it buys.' })),
    licence: Type.Optional(SecretReference({ description: 'What it needs.', 'x-env-aliases': ['OLD_LICENCE'] })),
  },
  { description: 'Paints.' },
)

export const CANVAS = '0x00000000000000000000000000000000000000aa'

export interface Attempt extends Partial<LoadOptions> {
  readonly toml?: string
}

/** Loads with nothing from outside but what is given. */
export async function tryLoad({ toml, ...options }: Attempt): Promise<Loaded> {
  const folder = await mkdtemp(join(tmpdir(), 'forgekeeper-config-'))
  try {
    const file = toml === undefined ? null : join(folder, 'config.toml')
    if (file !== null) await writeFile(file, toml ?? '')
    const roles = [{ name: 'painter', schema: painter }]
    const base = { file, env: {}, flags: [], roles, workingFolder: folder, demo: false }
    return await loadConfig({ ...base, ...options })
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** The problems a configuration is refused with; empty when it is accepted. */
export async function problemsOf(attempt: Attempt): Promise<readonly Problem[]> {
  try {
    await tryLoad(attempt)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
}

/** No role runs: for tests of the core alone. */
export const NO_ROLES = '[roles]\nenabled = []\n'
