/** What keeps the daemon from starting: said in a sentence with its code, an exit code a script understands, nothing left. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import type { AddressInfo } from 'node:net'
import test from 'ava'
import { alive } from '../../src/embedded/child.ts'
import { openDataFolder } from '../../src/embedded/data-folder.ts'
import { useFolder } from '../support/anvil.ts'
import { startDaemon } from './support.ts'

const folder = useFolder(test)
const CONFIGURATION = 78

const chain = `
[chains.local]
rpc = ["http://127.0.0.1:9"]
chain_id = 31337
`
const forger = `
[accounts.forger]
chain = "local"
key = "env:FORGER_KEY"
[forger]
rollup = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
auction = "0xe7f1725E7734CE288F8367e1Bb143E90bb3F0512"
[forger.provers]
urls = ["http://127.0.0.1:9"]
`

async function configFile(name: string, text: string): Promise<string> {
  const file = join(folder, `${name}.toml`)
  await writeFile(file, text)
  return file
}

test.serial('all problems of a configuration are named at once, with line and nearest key', async t => {
  const file = await configFile('wrong', `${chain}${forger}\n[http]\nprot = 1\n[tx]\nbump_after = "soon"\n`)
  const daemon = startDaemon(t, { data: join(folder, 'wrong'), args: ['--config', file] })
  t.is(await daemon.ended, CONFIGURATION)
  t.regex(daemon.err(), /wrong\.toml:16.*http\.prot/)
  t.regex(daemon.err(), /http\.port/)
  t.regex(daemon.err(), /wrong\.toml:18.*tx\.bump_after/)
})

test.serial('without a configuration the daemon says which keys are missing', async t => {
  const daemon = startDaemon(t, { data: join(folder, 'missing'), args: ['--config', await configFile('missing', '')] })
  t.is(await daemon.ended, CONFIGURATION)
  for (const key of ['forger.rollup', 'forger.auction', 'forger.provers.urls']) t.true(daemon.err().includes(key), key)
})

test.serial('a data folder that another daemon holds is refused, naming the process', async t => {
  const data = join(folder, 'held')
  const held = await openDataFolder(data)
  t.teardown(() => held.release())
  const daemon = startDaemon(t, { data, args: ['--demo'] })
  t.is(await daemon.ended, CONFIGURATION)
  t.regex(daemon.err(), new RegExp(`CFG_020 .* in use by process ${process.pid}`))
  t.is(await readFile(join(data, 'daemon.pid'), 'utf8'), `${process.pid}\n`)
})

test.serial('a data folder that cannot be made is refused', async t => {
  const file = await configFile('file', '')
  const daemon = startDaemon(t, { data: join(file, 'inside'), args: ['--demo'] })
  t.is(await daemon.ended, CONFIGURATION)
  t.regex(daemon.err(), /CFG_021/)
})

test.serial('a malformed key is refused without being shown', async t => {
  const file = await configFile('key', chain + forger)
  const env = { FORGER_KEY: '0xc0ffee' }
  const daemon = startDaemon(t, { data: join(folder, 'key'), args: ['--config', file], env })
  t.is(await daemon.ended, CONFIGURATION)
  t.regex(daemon.err(), /CFG_008 the key of accounts\.forger is malformed/)
  t.false(daemon.err().includes('c0ffee'))
})

test.serial('a key that is not there is named by its reference', async t => {
  const file = await configFile('no-key', chain + forger)
  const daemon = startDaemon(t, { data: join(folder, 'no-key'), args: ['--config', file] })
  t.is(await daemon.ended, CONFIGURATION)
  t.regex(daemon.err(), /CFG_001.*\n.*accounts\.forger\.key: the environment variable FORGER_KEY is not set/)
})

test.serial('secrets are also found in the variables of --env-file', async t => {
  const file = await configFile('env-file', chain + forger)
  const variables = join(folder, 'variables')
  await writeFile(variables, 'FORGER_KEY=0xbadbad\n')
  const args = ['--config', file, '--env-file', variables]
  const daemon = startDaemon(t, { data: join(folder, 'env-file'), args })
  t.is(await daemon.ended, CONFIGURATION)
  t.regex(daemon.err(), /CFG_008/)
})

test.serial('a port that is taken ends the daemon with its name, and no server is left', async t => {
  const taken = createServer().listen(0, '127.0.0.1')
  t.teardown(() => taken.close())
  await new Promise(resolve => taken.once('listening', resolve))
  const { port } = taken.address() as AddressInfo // a listening TCP server has one
  const data = join(folder, 'port')
  const daemon = startDaemon(t, { data, args: ['--demo', '--port', String(port)] })
  t.is(await daemon.ended, CONFIGURATION)
  const last = daemon.log().at(-1)
  t.is(last?.msg, 'the daemon cannot go on')
  t.regex(last?.reason ?? '', new RegExp(`cannot listen on 127.0.0.1:${port}`))
  t.false(alive(daemon.pid))
})

test.serial('the demo refuses a chain that is not a development chain', async t => {
  const env = { FORGEKEEPER_CHAINS_LOCAL_RPC: 'http://127.0.0.1:9', FORGEKEEPER_CHAINS_LOCAL_CHAIN_ID: '1' }
  const data = join(folder, 'mainnet')
  await mkdir(data)
  const daemon = startDaemon(t, { data, args: ['--demo'], env })
  t.is(await daemon.ended, CONFIGURATION)
  t.regex(daemon.err(), /CFG_009 .* is chain 1, and the demo runs on 31337 only/)
})
