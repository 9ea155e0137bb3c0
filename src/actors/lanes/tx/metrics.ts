/**
 * What the tx-manager counts. Labels come from the configuration and from closed lists only.
 */
import type { CounterMetric, GaugeMetric, HistogramMetric, Metrics } from '../../../metrics.ts'

type LaneLabels = readonly ['chain', 'account']

export interface TxMetrics {
  readonly sent: CounterMetric<LaneLabels>
  readonly replaced: CounterMetric<LaneLabels>
  readonly refused: CounterMetric<readonly ['chain', 'account', 'class']>
  readonly settled: CounterMetric<readonly ['chain', 'account', 'outcome']>
  readonly reorganised: CounterMetric<LaneLabels>
  readonly inFlight: GaugeMetric<LaneLabels>
  readonly parked: CounterMetric<readonly ['chain', 'account', 'for']>
  readonly balance: GaugeMetric<LaneLabels>
  readonly runway: GaugeMetric<LaneLabels>
  /** From the wish to the first endpoint that took it. */
  readonly broadcastSeconds: HistogramMetric<LaneLabels>
}

/** Declares them; the same registry may be asked by every lane. */
export function txMetrics(metrics: Metrics): TxMetrics {
  const labels = ['chain', 'account'] as const
  return {
    sent: metrics.counter({ name: 'tx_sent_total', help: 'Transactions handed to a node the first time', labels }),
    replaced: metrics.counter({ name: 'tx_replaced_total', help: 'Replacements signed, no-ops included', labels }),
    refused: metrics.counter({
      name: 'tx_refused_total',
      help: 'Answers of endpoints that did not take a transaction, by class',
      labels: ['chain', 'account', 'class'] as const,
    }),
    settled: metrics.counter({
      name: 'tx_settled_total',
      help: 'Wishes that ended, by outcome',
      labels: ['chain', 'account', 'outcome'] as const,
    }),
    reorganised: metrics.counter({
      name: 'tx_reorganised_total',
      help: 'Transactions that were mined and came back to pending',
      labels,
    }),
    inFlight: metrics.gauge({ name: 'tx_in_flight_transactions', help: 'Sent and not mined', labels }),
    parked: metrics.counter({
      name: 'tx_parked_total',
      help: 'Wishes parked, by what they wait for',
      labels: ['chain', 'account', 'for'] as const,
    }),
    balance: metrics.gauge({ name: 'account_balance_ether', help: 'Balance of a signing account', labels }),
    runway: metrics.gauge({
      name: 'account_runway_seconds',
      help: 'How long the balance lasts at the pace of the last day; absent without spending',
      labels,
    }),
    broadcastSeconds: metrics.histogram({
      name: 'tx_broadcast_seconds',
      help: 'From the wish to the first endpoint that took it',
      labels,
      buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 120],
    }),
  }
}
