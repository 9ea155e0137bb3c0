/** A stand-in for the daemon: starts both servers in a folder, writes something, tells their ids and waits to be killed. */
import { join } from 'node:path'
import { Client } from 'pg'
import { createTestClient } from 'viem'
import { startAnvil } from '../../src/embedded/anvil.ts'
import { startPostgres } from '../../src/embedded/postgres.ts'
import { silentLog } from '../../src/log.ts'
import { toNode } from './anvil.ts'

const folder = process.argv[2] ?? ''
const postgres = await startPostgres({ folder: join(folder, 'postgres'), log: silentLog, durable: false })
const anvil = await startAnvil({ stateFile: join(folder, 'chain.json'), chainId: 31_337, log: silentLog })
const client = new Client(postgres.url)
await client.connect()
await client.query('create table kept as select 7 as x')
await createTestClient({ mode: 'anvil', transport: toNode(anvil.rpcUrl) }).mine({ blocks: 5 })
process.stdout.write(JSON.stringify({ postgres: postgres.pid, anvil: anvil.pid }))
setInterval(() => {}, 1000)
