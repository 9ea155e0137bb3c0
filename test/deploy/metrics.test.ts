/** Dashboards and alerts name metrics and labels that the daemon has, and every metric it has is in one of them. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import { createMetrics } from '../../src/metrics.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const PREFIX = 'forgekeeper_'
/** Labels that Prometheus itself adds. */
const ADDED = new Set(['instance', 'job', 'le'])

interface Panel {
  readonly type: string
  readonly title: string
  readonly description?: string
  readonly targets?: readonly { readonly expr: string }[]
}

const dashboards = async (): Promise<
  ReadonlyMap<string, { readonly uid: string; readonly panels: readonly Panel[] }>
> => {
  const folder = join(root, 'deploy/grafana')
  const names = (await readdir(folder)).filter(name => name.endsWith('.json'))
  const read = async (name: string) => [name, JSON.parse(await readFile(join(folder, name), 'utf8'))] as const
  return new Map(await Promise.all(names.map(read)))
}

const alerts = (): Promise<string> => readFile(join(root, 'deploy/prometheus/forgekeeper.rules.yml'), 'utf8')

/** Each expression, with where it stands. */
async function expressions(): Promise<[where: string, text: string][]> {
  const panels = [...(await dashboards())].flatMap(([name, { panels: all }]) =>
    all.flatMap(({ title, targets = [] }) => targets.map(({ expr }): [string, string] => [`${name}: ${title}`, expr])),
  )
  const rules = (await alerts()).split('- alert: ').slice(1)
  return [...panels, ...rules.map((rule): [string, string] => [`alert ${rule.split('\n')[0]}`, exprOf(rule)])]
}

/** The text of `expr:`, on its line or folded below it. */
const exprOf = (rule: string): string => /expr: (?:>-\n)?([\s\S]*?)\n +(?:for|labels):/.exec(rule)?.[1] ?? ''

/** What the sources declare: the name without prefix, its kind, and the text of the declaration. */
async function declared(): Promise<Map<string, { kind: string; text: string }>> {
  const files = await readdir(join(root, 'src'), { recursive: true })
  const found = new Map<string, { kind: string; text: string }>()
  for (const file of files.filter(name => name.endsWith('.ts'))) {
    const text = await readFile(join(root, 'src', file), 'utf8')
    for (const [whole, kind = '', name = ''] of text.matchAll(
      /metrics\.(counter|gauge|histogram)\(\{\s*name: '([a-z_]+)'[\s\S]*?\}\)/g,
    )) {
      const shared = /const labels = (\[[^\]]*\])/.exec(text)?.[1] ?? ''
      found.set(name, { kind, text: /\blabels,|labels \}/.test(whole) ? whole + shared : whole })
    }
  }
  return found
}

/** Of the process, by prom-client: these are there without a declaration. */
async function ofProcess(): Promise<Set<string>> {
  const text = await createMetrics({ processMetrics: true }).text()
  return new Set([...text.matchAll(/^# TYPE forgekeeper_(\S+)/gm)].map(([, name = '']) => name))
}

const used = (text: string): string[] => [...text.matchAll(/forgekeeper_([a-z0-9_]+)/g)].map(([, name = '']) => name)
const base = (name: string): string => name.replace(/_(bucket|sum|count)$/, '')

test('every metric of a dashboard or an alert exists', async t => {
  const [known, process] = [await declared(), await ofProcess()]
  t.true(known.size > 15)
  for (const [where, text] of await expressions()) {
    t.true(used(text).length > 0, where)
    for (const name of used(text)) {
      const histogram = known.get(base(name))?.kind === 'histogram'
      t.true(known.has(name) || process.has(name) || histogram, `${where}: ${PREFIX}${name}`)
    }
  }
})

test('every label of an expression is one of its metrics', async t => {
  const known = await declared()
  for (const [where, text] of await expressions()) {
    const declarations = used(text).map(name => known.get(name) ?? known.get(base(name)))
    const labels = new Set(
      declarations.flatMap(one => [...(one?.text ?? '').matchAll(/'([a-z]+)'/g)].map(([, label]) => label)),
    )
    const asked = [
      ...[...text.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(',').map(label => label.trim())),
      ...[...text.matchAll(/([a-z_]+)\s*(?:=~|!~|!=|=)\s*"/g)].map(([, label = '']) => label),
    ]
    for (const label of asked) t.true(labels.has(label) || ADDED.has(label), `${where}: ${label}`)
  }
})

test('every metric of the daemon is in a dashboard or an alert', async t => {
  const all = new Set((await expressions()).flatMap(([, text]) => used(text).map(base)))
  for (const name of (await declared()).keys()) t.true(all.has(base(name)), `${PREFIX}${name} is used nowhere`)
})

test('dashboards have names of their own and say what each panel is about', async t => {
  const all = await dashboards()
  t.deepEqual([...all.keys()].toSorted(), ['finalizer.json', 'forger.json', 'kernel.json'])
  t.is(new Set([...all.values()].map(({ uid }) => uid)).size, all.size)
  for (const [name, { panels }] of all)
    for (const panel of panels) if (panel.type !== 'row') t.truthy(panel.description, `${name}: ${panel.title}`)
})

test('every alert says how bad it is, what happened and what to do', async t => {
  const rules = (await alerts()).split('- alert: ').slice(1)
  t.true(rules.length >= 15)
  for (const rule of rules)
    for (const part of [/severity: (critical|warning|info)/, /summary: '/, /description: '/])
      t.regex(rule, part, rule.split('\n')[0])
  t.is(new Set(rules.map(rule => rule.split('\n')[0])).size, rules.length)
})
