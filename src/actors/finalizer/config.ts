/**
 * The finalizer's section of the configuration. The predecessor's environment names work as aliases.
 */
import Type from 'typebox'
import { Address, Duration, NameOf, OneOf, SecretReference, Section, Wei } from '../../config/fields.ts'
import type { Decoded } from '../../config/types.ts'

const DECIMAL = '^[0-9]{1,20}$'

const contracts = {
  specimen: Type.Optional(
    Address({
      description: 'The contract of block specimens. Absent: the one of warehouse.schema, or none.',
      'x-env-aliases': [
        {
          name: 'PROOFCHAIN_ADDRESS',
          warning: 'was never read by the predecessor: it is taken as BSP_PROOFCHAIN_ADDRESS',
        },
        'BSP_PROOFCHAIN_ADDRESS',
      ],
    }),
  ),
  result: Type.Optional(
    Address({
      description: 'The contract of block results. Absent: the one of warehouse.schema, or none.',
      'x-env-aliases': ['BRP_PROOFCHAIN_ADDRESS'],
    }),
  ),
  specimen_from: Type.Integer({
    default: 0,
    minimum: 0,
    description: 'The first block worth reading for specimens: that of the contract, or of the oldest open session.',
  }),
  result_from: Type.Integer({
    default: 0,
    minimum: 0,
    description: 'The first block worth reading for results.',
  }),
  generation: OneOf(['2022', '2024'], {
    default: '2022',
    description:
      'Which functions are called: `2022` finalizeAndReward…Session, `2024` finalize…Session. Events of both are always read.',
  }),
}

const choice = {
  source: OneOf(['auto', 'chain', 'warehouse', 'both'], {
    default: 'auto',
    description:
      'Where sessions are read: the chain itself, the predecessor’s warehouse, or both. `auto` is the warehouse when it has a host.',
  }),
  origin_chains: Type.Array(Type.Integer({ minimum: 0 }), {
    default: [],
    uniqueItems: true,
    description:
      'Ids of the chains whose blocks are proved here; sessions of others are shown and left alone. Empty: all.',
    'x-reload': true,
  }),
  specimen_floor: Type.String({
    default: '0',
    pattern: DECIMAL,
    description: 'Specimen sessions count from the origin height above this.',
  }),
  result_floor: Type.String({
    default: '0',
    pattern: DECIMAL,
    description: 'Result sessions count from the origin height above this.',
  }),
  require_submission: Type.Boolean({
    default: true,
    description:
      'Leave a session alone as long as no submission of it has been seen, where the contract tells of them.',
  }),
}

const pacing = {
  grace_blocks: Type.Integer({
    default: 0,
    minimum: 0,
    maximum: 1_000_000,
    description: 'Blocks to wait after the deadline, for somebody else to pay.',
  }),
  confirmations: Type.Optional(
    Type.Integer({
      minimum: 0,
      description: 'Depth at which a session is closed for good; absent: the chain’s confirmations.',
    }),
  ),
  max_per_pass: Type.Integer({
    default: 256,
    minimum: 1,
    maximum: 5_000,
    description: 'Sessions tried at one look, shared fairly between families and origin chains.',
  }),
  max_in_flight: Type.Integer({
    default: 512,
    minimum: 1,
    maximum: 10_000,
    description: 'Sessions whose transaction is under way at a time.',
  }),
  retry_min: Duration({
    default: '30s',
    description: 'Wait before a failed session is tried again; doubles each time.',
  }),
  retry_max: Duration({ default: '30m', description: 'Longest wait before a failed session is tried again.' }),
  max_attempts: Type.Integer({
    default: 8,
    minimum: 1,
    description: 'Tries at one session before it is left to a person; `run-once` tries it again.',
  }),
}

const gas = {
  gas_limit: Type.Integer({
    default: 300_000,
    minimum: 21_000,
    description: 'Most gas of one transaction. A session that needs more waits and says so.',
    'x-env-aliases': ['GAS_LIMIT'],
  }),
  max_gas_price: Type.Optional(
    Wei({ description: 'Above this quote of the network nothing is sent. Absent: the ceiling of the account alone.' }),
  ),
  gas_price: Type.Optional(
    Wei({
      description: 'Least price per unit of gas a call is reckoned with when the balance is looked at.',
      'x-env-aliases': [{ name: 'GAS_PRICE', unit: 'gwei' }],
    }),
  ),
}

const warehouse = Section(
  {
    host: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'The server of the warehouse; absent: there is none.',
        'x-env-aliases': ['DB_HOST'],
      }),
    ),
    port: Type.Integer({
      default: 5432,
      minimum: 1,
      maximum: 65_535,
      description: 'Its port.',
      'x-env-aliases': ['DB_PORT'],
    }),
    user: Type.String({
      default: 'postgres',
      minLength: 1,
      description: 'Its user; reading is enough.',
      'x-env-aliases': ['DB_USER'],
    }),
    password: Type.Optional(
      SecretReference({ description: 'Reference to the user’s password.', 'x-env-aliases': ['DB_PASSWORD'] }),
    ),
    database: Type.String({
      default: 'postgres',
      minLength: 1,
      description: 'Its database.',
      'x-env-aliases': ['DB_DATABASE'],
    }),
    schema: Type.String({
      default: 'chain_moonbeam_mainnet',
      pattern: '^[A-Za-z_][A-Za-z0-9_]{0,62}$',
      description:
        'Its schema. `chain_moonbeam_mainnet` and `chain_moonbeam_moonbase_alpha` bring contracts and floors with them.',
      'x-env-aliases': ['CHAIN_TABLE_NAME'],
    }),
    block_id_start: Type.String({
      default: '-1',
      pattern: '^(-1|[0-9]{1,19})$',
      description: 'The block_id after which is read at first; -1 begins at the oldest open session.',
      'x-env-aliases': ['BLOCK_ID_START'],
    }),
    read: OneOf(['auto', 'logs', 'views'], {
      default: 'auto',
      description:
        '`logs`: block_log_events, every event name. `views`: the predecessor’s session views. `auto`: logs if they are there.',
    }),
    poll_interval: Duration({ default: '10s', description: 'Time between two looks.' }),
    gap_patience: Duration({
      default: '1h',
      description: 'How long a log without its transaction holds the cursor; then reading goes on after it.',
    }),
  },
  { description: 'The predecessor’s indexer database. It is only ever read.' },
)

export const finalizerSection = Section(
  {
    chain: NameOf('chains', {
      default: 'local',
      description: 'The NAME of the [chains.NAME] that carries the contracts.',
      'x-env-tables': {
        rpc: ['RPC_ENDPOINT'],
        chain_id: [
          {
            name: 'CHAIN_TABLE_NAME',
            values: { chain_moonbeam_mainnet: '1284', chain_moonbeam_moonbase_alpha: '1287' },
          },
        ],
      },
    }),
    account: NameOf('accounts', {
      default: 'finalizer',
      description: 'The NAME of the [accounts.NAME] that sends.',
      'x-env-tables': {
        key: ['FINALIZER_PRIVATE_KEY'],
        chain: [{ name: 'FINALIZER_PRIVATE_KEY', sameAs: 'chain' }],
      },
    }),
    address: Type.Optional(
      Address({
        description: 'What the account’s address must be; another is refused at the start.',
        'x-env-aliases': ['FINALIZER_ADDRESS'],
      }),
    ),
    ...contracts,
    ...choice,
    ...pacing,
    ...gas,
    keep_settled: Duration({
      default: '30d',
      description: 'How long settled sessions are kept, with their submissions and closings; 0 is for ever.',
    }),
    warehouse,
  },
  { description: 'Closes block-specimen and block-result sessions so that their rewards are paid.' },
)

export type FinalizerConfig = Decoded<typeof finalizerSection>
