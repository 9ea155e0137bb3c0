/**
 * The sections every daemon has, whatever roles it runs. A role adds a section of its own (`[forger]`).
 */
import { Type } from 'typebox'
import { LOG_LEVELS } from '../log.ts'
import { Address, CronTimes, Duration, Named, OneOf, Path, SecretReference, Section, Size, Url, Wei } from './fields.ts'
import type { Decoded } from './types.ts'

/** The roles that run when nothing is said. */
export const DEFAULT_ROLES: readonly string[] = ['forger']

const log = Section(
  {
    level: OneOf(LOG_LEVELS, { default: 'info', description: 'The least important lines shown.', 'x-reload': true }),
    format: OneOf(['auto', 'pretty', 'json'], {
      default: 'auto',
      description: '`auto` is pretty in a terminal and one JSON object a line elsewhere.',
    }),
  },
  { description: 'Logs go to standard error.' },
)

const database = Section(
  {
    url: Type.Optional(
      Url({
        schemes: ['postgres', 'postgresql'],
        description:
          'PostgreSQL 15 or later. Absent: the embedded server in the data folder. Refer to it when it has a password.',
        examples: ['env:DATABASE_URL', 'file:/run/secrets/database-url'],
      }),
    ),
    pool_size: Type.Integer({ default: 10, minimum: 2, maximum: 100, description: 'Most connections at a time.' }),
  },
  { description: 'Where state lives.' },
)

const http = Section(
  {
    host: Type.String({
      default: '127.0.0.1',
      minLength: 1,
      description: 'Address to listen on; loopback unless told otherwise.',
    }),
    port: Type.Integer({
      default: 8420,
      minimum: 0,
      maximum: 65_535,
      description: 'Port to listen on; 0 takes a free one.',
    }),
    viewer_token: Type.Optional(
      SecretReference({ description: 'Token for reading. Absent: made once, in DATA_FOLDER/tokens/viewer.' }),
    ),
    operator_token: Type.Optional(
      SecretReference({ description: 'Token for changing. Absent: made once, in DATA_FOLDER/tokens/operator.' }),
    ),
    body_limit: Size({ default: '1 MiB', description: 'Largest request body.' }),
    rate_limit: Type.Integer({ default: 1000, minimum: 1, description: 'Requests a second from one address.' }),
  },
  { description: 'The HTTP interface.' },
)

const chain = Section(
  {
    rpc: Type.Array(Url({ schemes: ['http', 'https'], description: 'A JSON-RPC endpoint.' }), {
      minItems: 1,
      description: 'JSON-RPC endpoints of one chain; the later ones are used when the earlier fail.',
      examples: [['env:RPC_URL']],
    }),
    ws: Type.Optional(
      Url({ schemes: ['ws', 'wss'], description: 'WebSocket endpoint for new heads. Absent: heads are polled.' }),
    ),
    chain_id: Type.Integer({ minimum: 1, description: 'The id the endpoints must answer; another is refused.' }),
    confirmations: Type.Integer({
      default: 5,
      minimum: 0,
      description: 'Blocks on top of a block before what is in it counts as final.',
    }),
    finality: Type.Optional(
      OneOf(['safe', 'finalized'], {
        description:
          'Block tag of the consensus layer that a transaction’s block must have reached, besides the confirmations, before the transaction is settled. Absent: confirmations alone decide.',
      }),
    ),
    poll_interval: Duration({
      default: '1s',
      description: 'Time between looks at the head without a WebSocket.',
      'x-reload': true,
    }),
    reorg_limit: Type.Integer({
      default: 256,
      minimum: 1,
      maximum: 10_000,
      description: 'Deepest reorganisation that is followed; a deeper one stops the chain and asks for a human.',
    }),
    start_block: Type.Integer({
      default: 0,
      minimum: 0,
      description: 'First block that is read; the one of the contracts saves time.',
    }),
    log_range: Type.Integer({
      default: 2000,
      minimum: 1,
      description: 'Most blocks in one request for logs; shrinks by itself when refused.',
    }),
    timeout: Duration({ default: '10s', description: 'Longest wait for one answer of an endpoint.', 'x-reload': true }),
    quorum: Type.Integer({
      default: 1,
      minimum: 1,
      description:
        'Endpoints of rpc that must agree on what decides about transactions: receipts, used nonces, block hashes.',
    }),
    send: Type.Optional(
      Type.Array(Url({ schemes: ['http', 'https'], description: 'A JSON-RPC endpoint.' }), {
        minItems: 1,
        description: 'Endpoints that signed transactions are handed to instead of rpc, such as private mempools.',
        examples: [['https://rpc.private.example']],
      }),
    ),
    blob_proofs: OneOf(['cell', 'blob'], {
      default: 'cell',
      description:
        'Proofs that blob transactions carry: one a cell (EIP-7594, since Fusaka), or one a blob before that.',
    }),
    public_after: Type.Optional(
      Duration({
        description: 'What was sent privately and is unmined for this long goes to rpc, too. Absent: never.',
        examples: ['5m'],
      }),
    ),
  },
  { description: 'One chain.' },
)

const account = Section(
  {
    chain: Type.String({
      minLength: 1,
      description: 'The NAME of the [chains.NAME] it signs for.',
      examples: ['local'],
    }),
    key: Type.Optional(
      SecretReference({
        'x-raw-keys': true,
        'x-usual': true,
        description:
          'Reference to the private key: env:NAME, file:PATH or keystore:PATH (with password). Or another signer below.',
        examples: ['env:FORGER_KEY', 'keystore:/etc/forgekeeper/forger.json'],
      }),
    ),
    remote_signer: Type.Optional(
      Url({
        schemes: ['http', 'https'],
        description: 'Instead of key: a signer that speaks eth_signTransaction, such as web3signer; needs address.',
        examples: ['http://127.0.0.1:9000'],
      }),
    ),
    kms_key: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          'Instead of key: id, ARN or alias of a key of AWS KMS (ECC_SECG_P256K1); needs address and the optional package @aws-sdk/client-kms.',
        examples: ['alias/forger'],
      }),
    ),
    kms_region: Type.Optional(
      Type.String({ minLength: 1, description: 'Region of the KMS. Absent: as AWS clients find it.' }),
    ),
    address: Type.Optional(
      Address({ description: 'The address it must have; another one is refused. Needed without key.' }),
    ),
    password: Type.Optional(SecretReference({ description: 'Reference to the password of the keystore.' })),
    allow_raw_keys: Type.Boolean({
      default: false,
      description: 'Accept a literal key in this file; only ever on a development chain (id 31337).',
    }),
    max_fee: Type.Optional(Wei({ description: 'Fee ceiling of this account, per unit of gas; overrides tx.max_fee.' })),
    max_in_flight: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 10_000,
        description: 'Unmined transactions at a time; overrides tx.max_in_flight.',
      }),
    ),
    daily_budget: Type.Optional(
      Wei({
        description: 'The most it spends in a day (UTC), values included; overrides tx.daily_budget.',
        examples: ['0.5 ether'],
      }),
    ),
    min_balance: Type.Optional(
      Wei({ description: 'Below this balance the daemon warns, whatever the runway is.', examples: ['0.2 ether'] }),
    ),
  },
  { description: 'One key on one chain. No two daemons may share it.' },
)

/** What is done with the wishes of a role. */
export const TX_MODES = ['live', 'oversight', 'dry-run'] as const
export type TxMode = (typeof TX_MODES)[number]

const MODE_MEANING = '`live` sends, `oversight` sends what a person approved, `dry-run` simulates and sends nothing.'

const txRole = Section(
  {
    mode: Type.Optional(OneOf(TX_MODES, { description: `${MODE_MEANING} Overrides tx.mode.` })),
    daily_budget: Type.Optional(
      Wei({
        description: 'The most its transactions cost in a day (UTC), values included, over its accounts of one chain.',
        examples: ['0.5 ether'],
      }),
    ),
  },
  { description: 'What one role may do, by the name of the role.' },
)

const tx = Section(
  {
    mode: OneOf(TX_MODES, { default: 'live', description: MODE_MEANING }),
    daily_budget: Type.Optional(
      Wei({
        description:
          'The most an account spends in a day (UTC), values included. What is over it is parked. Absent: no limit.',
        examples: ['1 ether'],
      }),
    ),
    runway_warning: Duration({
      default: '24h',
      description: 'An account whose balance lasts for less than this, at the pace of the last day, is warned of.',
    }),
    bump_after: Duration({
      default: '30s',
      description: 'Unmined for this long, a transaction is sent again with a higher fee.',
      'x-reload': true,
    }),
    bump_percent: Type.Integer({
      default: 12,
      minimum: 10,
      maximum: 100,
      description: 'How much higher; clients ask for 10 at least.',
      'x-reload': true,
    }),
    max_fee: Wei({
      default: '500 gwei',
      description: 'Fee ceiling per unit of gas. Above it nothing is sent; it waits and says so.',
      'x-reload': true,
    }),
    max_priority_fee: Wei({ default: '50 gwei', description: 'Ceiling of the tip per unit of gas.', 'x-reload': true }),
    max_blob_fee: Wei({ default: '100 gwei', description: 'Ceiling per unit of blob gas (EIP-4844).' }),
    min_priority_fee: Wei({ default: '0.1 gwei', description: 'Least tip per unit of gas.', 'x-reload': true }),
    max_in_flight: Type.Integer({
      default: 16,
      minimum: 1,
      maximum: 10_000,
      description: 'Unmined transactions of one account at a time.',
    }),
    gas_margin_percent: Type.Integer({
      default: 20,
      minimum: 0,
      maximum: 500,
      description: 'Added to every gas estimate.',
    }),
    check_interval: Duration({
      default: '2s',
      description: 'Time between looks at what is in flight, besides every new block.',
    }),
    roles: Named(txRole, { description: 'Modes and budgets of single roles.' }),
  },
  { description: 'How transactions are priced, sent and followed, unless an account says otherwise.' },
)

const roles = Section(
  {
    enabled: Type.Array(Type.String(), {
      default: DEFAULT_ROLES,
      uniqueItems: true,
      description: 'The roles this daemon runs.',
    }),
  },
  { description: 'Which jobs this daemon does.' },
)

const supervision = Section(
  {
    intensity: Type.Integer({
      default: 5,
      minimum: 0,
      description: 'Restarts of a role within `period` before it is parked.',
    }),
    period: Duration({ default: '1m', description: 'The window in which restarts are counted.' }),
    backoff_min: Duration({
      default: '100ms',
      description: 'Longest wait before the first restart; doubles with each.',
    }),
    backoff_max: Duration({ default: '30s', description: 'Longest wait before any restart.' }),
    park: Duration({ default: '5m', description: 'How long a parked role rests before a trial restart.' }),
    shutdown: Duration({
      default: '8s',
      description: 'Time to finish what is in progress when the daemon is asked to stop.',
    }),
  },
  { description: 'How crashes are contained.' },
)

const retention = Section(
  {
    schedule: CronTimes({ default: '17 3 * * *', description: 'When old rows are deleted; UTC.' }),
    crashes: Duration({ default: '90d', description: 'How long crash records are kept; 0 is for ever.' }),
    decisions: Duration({
      default: '30d',
      description: 'How long decisions are kept after they were last repeated; 0 is for ever.',
    }),
    audit: Duration({ default: '365d', description: 'How long changes made by people are kept; 0 is for ever.' }),
    transactions: Duration({
      default: '90d',
      description: 'How long settled transactions are kept, with every signed version; 0 is for ever.',
    }),
  },
  { description: 'What is deleted when it is old.' },
)

/** The core of the configuration; the order is the order of the reference. */
export const core = Section(
  {
    data_folder: Path({
      default: '.forgekeeper',
      description:
        'Everything the daemon keeps outside its database: tokens, the embedded server, the demo chain. One daemon a folder.',
    }),
    log,
    database,
    http,
    chains: Named(chain, { description: 'The chains, by name. `--demo` brings its own, named local.' }),
    accounts: Named(account, { description: 'The signing accounts, by name.' }),
    tx,
    roles,
    supervision,
    retention,
  },
  { description: 'Forgekeeper' },
)

/** What every room may read of the configuration: durations in ms, sizes in bytes, amounts in wei. */
export type Config = Decoded<typeof core>
export type ChainConfig = Config['chains'][string]
export type AccountConfig = Config['accounts'][string]
export type TxConfig = Config['tx']
