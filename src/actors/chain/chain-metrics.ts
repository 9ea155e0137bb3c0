/**
 * What a chain's actors count. Without a registry nothing is counted.
 */
import type { Metrics } from '../../metrics.ts'

export interface ChainMeters {
  /** One request to the endpoint with this place in the configuration; the code of what went wrong, or null. */
  request(endpoint: number, code: string | null): void
  head(number: bigint): void
  /** Blocks of the chain whose facts are not stored yet. */
  lag(blocks: bigint): void
  reorg(depth: number): void
  skipped(source: string): void
}

const nothing = (): void => {}

/** The meters of one chain; declaring them again answers the same ones. */
export function chainMetrics(metrics: Metrics | undefined, chain: string): ChainMeters {
  if (metrics === undefined) return { request: nothing, head: nothing, lag: nothing, reorg: nothing, skipped: nothing }
  const requests = metrics.counter({
    name: 'rpc_requests_total',
    help: 'HTTP requests to an endpoint, by its place in the configuration.',
    labels: ['chain', 'endpoint'],
  })
  const errors = metrics.counter({
    name: 'rpc_errors_total',
    help: 'Requests that the endpoint did not serve, by error code.',
    labels: ['chain', 'endpoint', 'code'],
  })
  const head = metrics.gauge({ name: 'chain_head_blocks', help: 'Newest block of the chain.', labels: ['chain'] })
  const lag = metrics.gauge({
    name: 'chain_lag_blocks',
    help: 'Blocks whose facts are not stored yet.',
    labels: ['chain'],
  })
  const reorgs = metrics.counter({ name: 'chain_reorgs_total', help: 'Reorganisations followed.', labels: ['chain'] })
  const replaced = metrics.counter({
    name: 'chain_reorged_blocks_total',
    help: 'Blocks that reorganisations took away.',
    labels: ['chain'],
  })
  const skips = metrics.counter({
    name: 'chain_skipped_logs_total',
    help: 'Logs of a source that could not be read and were left out.',
    labels: ['chain', 'source'],
  })
  return {
    request: (endpoint, code) => {
      requests.add(1, { chain, endpoint: String(endpoint) })
      if (code !== null) errors.add(1, { chain, endpoint: String(endpoint), code })
    },
    head: number => head.set(Number(number), { chain }),
    lag: blocks => lag.set(Number(blocks), { chain }),
    reorg: depth => {
      reorgs.add(1, { chain })
      replaced.add(depth, { chain })
    },
    skipped: source => skips.add(1, { chain, source }),
  }
}
