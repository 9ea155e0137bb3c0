/**
 * Numbers about the daemon for Prometheus: one registry a daemon, nothing global. Names are
 * `forgekeeper_<noun>_<unit>[_total]`, labels come from closed lists: never a hash, a counterparty or a number of a block.
 */
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client'

type LabelNames = readonly string[]
type Labels<L extends LabelNames> = Readonly<Record<L[number], string>>
/** Labels may be left out when a metric has none. */
type LabelArgs<L extends LabelNames> = L['length'] extends 0 ? [] : [labels: Labels<L>]

export interface MetricOptions<L extends LabelNames> {
  /** Without the prefix: `batches_total`, `tx_wait_seconds`. */
  readonly name: string
  readonly help: string
  readonly labels?: L
}

export interface HistogramOptions<L extends LabelNames> extends MetricOptions<L> {
  /** Upper bounds, rising. */
  readonly buckets: readonly number[]
}

export interface CounterMetric<L extends LabelNames> {
  /** Adds `amount` (1 or more; usually 1). */
  add(amount: number, ...labels: LabelArgs<L>): void
}

export interface GaugeMetric<L extends LabelNames> {
  set(value: number, ...labels: LabelArgs<L>): void
  /** Takes the series away: a number that is not known is absent, never 0. */
  forget(...labels: LabelArgs<L>): void
}

export interface HistogramMetric<L extends LabelNames> {
  observe(value: number, ...labels: LabelArgs<L>): void
}

export interface Metrics {
  /** Throws on a name that breaks the rules, or that exists with another shape; the same declaration twice is one. */
  counter<const L extends LabelNames = []>(options: MetricOptions<L>): CounterMetric<L>
  gauge<const L extends LabelNames = []>(options: MetricOptions<L>): GaugeMetric<L>
  histogram<const L extends LabelNames = []>(options: HistogramOptions<L>): HistogramMetric<L>
  /** Runs `read` whenever the metrics are asked for, to set gauges that are costly or change without a word. */
  beforeRead(read: () => void | Promise<void>): void
  /** The Prometheus text format. */
  text(): Promise<string>
  readonly contentType: string
}

const PREFIX = 'forgekeeper_'
const UNITS = ['seconds', 'bytes', 'ether', 'ratio', 'total', 'count', 'info', 'blocks', 'batches', 'transactions']

/** A registry of its own. `processMetrics` adds memory, CPU and event loop figures of this process. */
export function createMetrics({ processMetrics }: { readonly processMetrics: boolean }): Metrics {
  const registry = new Registry()
  const reads: (() => void | Promise<void>)[] = []
  if (processMetrics) collectDefaultMetrics({ register: registry, prefix: PREFIX })
  return {
    counter: options => {
      checkName(options.name, options.name.endsWith('_total'))
      const metric = once(registry, options, settings => new Counter(settings), Counter)
      return { add: (amount, ...[labels]) => metric.inc(labels ?? {}, amount) }
    },
    gauge: options => {
      checkName(options.name, !options.name.endsWith('_total'))
      const metric = once(registry, options, settings => new Gauge(settings), Gauge)
      return {
        set: (value, ...[labels]) => metric.set(labels ?? {}, value),
        forget: (...[labels]) => metric.remove(labels ?? {}),
      }
    },
    histogram: options => {
      checkName(options.name, !options.name.endsWith('_total'))
      const buckets = [...options.buckets]
      const metric = once(registry, options, settings => new Histogram({ ...settings, buckets }), Histogram)
      return { observe: (value, ...[labels]) => metric.observe(labels ?? {}, value) }
    },
    beforeRead: read => void reads.push(read),
    text: async () => {
      for (const read of reads) await read()
      return registry.metrics()
    },
    contentType: registry.contentType,
  }
}

interface Settings {
  name: string
  help: string
  labelNames: string[]
  registers: Registry[]
}

function once<M>(
  registry: Registry,
  options: MetricOptions<LabelNames>,
  create: (settings: Settings) => M,
  kind: abstract new (...args: never[]) => M,
): M {
  const name = PREFIX + options.name
  const known = registry.getSingleMetric(name)
  if (known instanceof kind) return known
  if (known !== undefined) throw new Error(`metric ${name} exists as another kind`)
  return create({ name, help: options.help, labelNames: [...(options.labels ?? [])], registers: [registry] })
}

function checkName(name: string, suffixFits: boolean): void {
  const unit =
    name
      .replace(/_total$/, '')
      .split('_')
      .at(-1) ?? ''
  const wellFormed = /^[a-z][a-z0-9]*(_[a-z0-9]+)*$/.test(name) && !name.startsWith(PREFIX)
  const known = name.endsWith('_total') || UNITS.includes(unit)
  if (wellFormed && suffixFits && known) return
  throw new Error(`metric name ${name}: wanted <noun>_<unit>, and _total on counters only; units: ${UNITS.join(', ')}`)
}
