/**
 * The configuration reference: a table of keys for each section, from the same schema the loader uses.
 */
import { envName } from '../../src/config/env.ts'
import { expectation } from '../../src/config/decode.ts'
import {
  compose,
  fieldsOf,
  mustBeGiven,
  namedItem,
  view,
  type Field,
  type RoleSection,
  type SchemaView,
} from '../../src/config/schema.ts'

/** The page of docs/reference/config.md. */
export function renderConfig(roles: readonly RoleSection[]): string {
  const schema = view(compose(roles))
  const top = Object.entries(schema.properties ?? {})
  const plain = top.filter(([, inner]) => inner.properties === undefined && namedItem(inner) === null)
  const tables = top.filter(([, inner]) => inner.properties !== undefined || namedItem(inner) !== null)
  const first = plain.flatMap(([key, inner]) => fieldsOf(inner, [key], mustBeGiven(inner)))
  return [INTRODUCTION, '## Top level', '', rows(first), ...tables.map(([key, inner]) => section(key, inner)), ''].join(
    '\n',
  )
}

const INTRODUCTION = `# Configuration

Generated from the schemas by \`npm run docs\`; [config.schema.json](config.schema.json) is the same for editors, and
[config.example.toml](../../config.example.toml) is a file with every key.

A key gets its value from, in rising order of strength: its default, the TOML file (\`--config FILE\`, FORGEKEEPER_CONFIG,
or \`./config.toml\`), the environment, the flags (\`--set http.port=8421\` or a named one). \`forgekeeper config print
--origin\` shows which one won. All problems of a configuration are reported at once; unknown keys are problems. Exit code 78.

* **Environment.** \`http.port\` is \`FORGEKEEPER_HTTP_PORT\`: the path in capitals, joined with one underscore. In named
  tables the NAME is part of it: \`chains.main.chain_id\` is \`FORGEKEEPER_CHAINS_MAIN_CHAIN_ID\`; a dash in a NAME is an
  underscore there. Lists are comma-separated, or JSON. A variable with the prefix that is no key is reported as a warning.
  *Aliases* are names of predecessors that are accepted too; our own name wins.
* **Durations** are \`500ms\`, \`10s\`, \`5m\`, \`1h30m\`, \`2d\`; **sizes** \`1 MiB\`, \`500 kB\`; **amounts** \`0.5 ether\`,
  \`20 gwei\`, \`1 wei\`. \`0\` needs no unit.
* **Secrets** are references: \`env:NAME\`, \`file:PATH\` (one trailing line break is cut), \`keystore:PATH\` (version 3; with a
  \`password\` reference). A literal in the file or in a flag is refused; a literal in the environment counts as a reference to
  that variable. URLs may be references as well, and must be when they carry a password.
* **Paths** in the file are relative to the file's folder; elsewhere to the working folder.
* **Named tables** have names of lower-case letters, digits and dashes.
* A change is read at the next start: nothing is read again while the daemon runs.
`

function section(key: string, schema: SchemaView): string {
  const title = namedItem(schema) === null ? `[${key}]` : `[${key}.NAME]`
  return ['', `## ${title}`, '', schema.description ?? '', '', rows(fieldsOf(schema, [key]))].join('\n')
}

function rows(fields: readonly Field[]): string {
  return ['| key | default | accepts | what it does |', '|---|---|---|---|', ...fields.map(row)].join('\n')
}

function row(field: Field): string {
  const { schema, path, required } = field
  const key = path.map(part => (part === '*' ? 'NAME' : part)).join('.')
  const unset = required ? '**required**' : '–'
  const standard = schema.default === undefined ? unset : `\`${JSON.stringify(schema.default)}\``
  const nameOf = (alias: string | { readonly name: string }): string =>
    `\`${typeof alias === 'string' ? alias : alias.name}\``
  const aliases = (schema['x-env-aliases'] ?? []).map(nameOf)
  const tables = Object.entries(schema['x-env-tables'] ?? {}).map(
    ([inner, names]) => ` Alias of \`${schema['x-table']}.NAME.${inner}\`: ${names.map(nameOf).join(', ')}.`,
  )
  const more = (aliases.length === 0 ? '' : ` Alias: ${aliases.join(', ')}.`) + tables.join('')
  const cells = [`\`${key}\``, standard, expectation(schema), `${schema.description ?? ''}${more}`]
  return `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`
}

/** All environment names; for a test that no two keys share one. */
export const environmentNames = (roles: readonly RoleSection[]): string[] => fieldsOf(view(compose(roles))).map(envName)
