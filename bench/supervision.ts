/**
 * Measures the supervision layer against Erlang/OTP on one scheduler, where it is installed, and against plain nact:
 *
 *   npm run bench -- supervision [ROUNDS] [MEASURE...]
 *
 * Five rounds of all measures unless told otherwise. In each round every measure is taken of every peer, one right after
 * the other, each in a fresh process. Printed are medians; a ratio is the median of the ratios within a round, because
 * machines are noisy.
 */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Goal, GOALS, type PeerName, ratioIn, reached, type Round } from './supervision/goals.ts'
import { type Figures, MEASURES, quantile } from './supervision/measure.ts'
import { findOtp } from './supervision/otp.ts'

const run = promisify(execFile)
const [rounds = '5', ...chosen] = process.argv.slice(2)
const measures = chosen.length === 0 ? MEASURES : MEASURES.filter(measure => chosen.includes(measure))
const otp = await findOtp()

/** Each peer goes first in its turn, so that none is always measured on the warmer machine. */
const PEERS: readonly PeerName[] = otp === null ? ['layer', 'nact'] : ['layer', 'otp', 'nact']

async function take(peer: PeerName, measure: string): Promise<Partial<Figures>> {
  const script = join(import.meta.dirname, 'supervision', `${peer}.ts`)
  const printed = peer === 'otp' ? await otp?.take(measure) : (await run(process.execPath, [script, measure])).stdout
  return JSON.parse(printed ?? '{}') as Partial<Figures> // printed by our own peers
}

async function takeRound(turn: number): Promise<Round> {
  const round: Record<PeerName, Partial<Figures>> = { layer: {}, otp: {}, nact: {} }
  for (const measure of measures) {
    for (let at = 0; at < PEERS.length; at++) {
      const peer = PEERS[(at + turn) % PEERS.length] ?? 'layer'
      round[peer] = { ...round[peer], ...(await take(peer, measure)) }
    }
  }
  return round
}

const median = (values: readonly number[]): number | null =>
  values.length === 0
    ? null
    : quantile(
        values.toSorted((a, b) => a - b),
        0.5,
      )

const shown = (value: number | null, unit = ''): string =>
  (value === null ? '-' : `${value.toFixed(Math.abs(value) < 100 ? 2 : 0)}${unit}`).padStart(12)

function row(all: readonly Round[], goal: Goal): string {
  const figure = (peer: PeerName): string => shown(median(all.flatMap(round => round[peer][goal.figure] ?? [])))
  const ratio = median(all.flatMap(round => ratioIn(round, goal) ?? []))
  const wanted = `${goal.at === 'least' ? '>=' : '<='} ${goal.limit}`.padStart(10)
  const verdict = ratio === null ? 'not measured' : reached(ratio, goal) ? 'reached' : 'missed'
  const figures = [figure('layer'), figure('otp'), figure('nact'), shown(ratio)]
  return `${goal.name.padEnd(54)}${figures.join('')}${wanted}  ${verdict}`
}

const all: Round[] = []
for (let turn = 0; turn < Number(rounds); turn++) {
  all.push(await takeRound(turn))
  process.stderr.write(`round ${turn + 1} of ${rounds}\n`)
}
await otp?.close()
const heads = ['layer', 'OTP', 'nact', 'ratio'].map(head => head.padStart(12))
process.stdout.write(`${''.padEnd(54)}${heads.join('')}${'goal'.padStart(10)}\n`)
for (const goal of GOALS) if (all.some(round => goal.figure in round.layer)) process.stdout.write(`${row(all, goal)}\n`)
if (otp === null) process.stdout.write('Erlang/OTP is not installed here (Debian: erlang-base): no ratios to it.\n')
