/** The mock provers of a load run; tells its parent their URLs and ends with it. */
import { runMockProvers } from '../../src/actors/forger/mock-prover.ts'
import { silentLog } from '../../src/log.ts'
import type { LoadOptions } from './options.ts'

const { provers, proofMs, failRate, hangRate, seed } = JSON.parse(process.argv[2] ?? '{}') as LoadOptions // from world.ts
const servers = await runMockProvers(provers, { port: 0, delayMs: proofMs, failRate, hangRate, seed, log: silentLog })
process.send?.(servers.map(server => server.url))
process.once('disconnect', () => process.exit(0))
process.once('SIGTERM', () => process.exit(0))
