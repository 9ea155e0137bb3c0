/**
 * The forger's section of the configuration. Keys follow the predecessor's where they mean the same; its environment
 * names work as aliases.
 */
import Type from 'typebox'
import { Address, CronTimes, Duration, Named, NameOf, Path, Section, Url } from '../../config/fields.ts'
import type { Decoded } from '../../config/types.ts'

const COORDINATOR = 'HEZNODE_COORDINATOR_'

const policy = {
  forge_delay: Duration({
    default: '10s',
    description: 'Least time between two batches of a committed slot; 0s forges at the highest rate.',
    'x-env-aliases': [`${COORDINATOR}FORGEDELAY`],
    'x-reload': true,
  }),
  forge_no_txs_delay: Duration({
    default: '24h',
    description: 'Least time before an empty batch in a committed slot; 0s forges empty batches continuously.',
    'x-env-aliases': [`${COORDINATOR}FORGENOTXSDELAY`],
    'x-reload': true,
  }),
  forge_retry_interval: Duration({
    default: '500ms',
    description: 'Time until the next look after a batch was skipped.',
    'x-env-aliases': [`${COORDINATOR}FORGERETRYINTERVAL`],
  }),
  must_forge_at_slot_deadline: Type.Boolean({
    default: true,
    description: 'Also forge in slots of others that nobody committed to before their deadline.',
    'x-env-aliases': [`${COORDINATOR}MUSTFORGEATSLOTDEADLINE`],
  }),
  ignore_slot_commitment: Type.Boolean({
    default: true,
    description: 'Apply the delays also while the slot is not committed, instead of committing it at once.',
    'x-env-aliases': [`${COORDINATOR}IGNORESLOTCOMMITMENT`],
  }),
  forge_once_per_slot_if_txs: Type.Boolean({
    default: false,
    description: 'At most one batch a slot, and only when there is something to forge.',
    'x-env-aliases': [`${COORDINATOR}FORGEONCEPERSLOTIFTXS`],
  }),
}

const margins = {
  l1_batch_timeout_perc: Type.Number({
    default: 0.5,
    minimum: 0,
    maximum: 1,
    description: 'The part of the contract’s L1 batch timeout after which an L1 batch is forged.',
    'x-env-aliases': [`${COORDINATOR}L1BATCHTIMEOUTPERC`],
  }),
  start_slot_blocks_delay: Type.Integer({
    default: 0,
    minimum: 0,
    description: 'Blocks to wait at the beginning of a slot before starting.',
    'x-env-aliases': [`${COORDINATOR}STARTSLOTBLOCKSDELAY`],
  }),
  schedule_batch_blocks_ahead_check: Type.Integer({
    default: 0,
    minimum: 0,
    description: 'Run only while this many blocks after the next one may be forged in, too.',
    'x-env-aliases': [`${COORDINATOR}SCHEDULEBATCHBLOCKSAHEADCHECK`],
  }),
  send_batch_blocks_margin_check: Type.Integer({
    default: 0,
    minimum: 0,
    description: 'Send only while this many blocks after the next one may be forged in, too.',
    'x-env-aliases': [`${COORDINATOR}SENDBATCHBLOCKSMARGINCHECK`],
  }),
  confirm_blocks: Type.Optional(
    Type.Integer({
      minimum: 0,
      description: 'Depth at which a batch is final; absent: the chain’s confirmations.',
      'x-env-aliases': [`${COORDINATOR}CONFIRMBLOCKS`],
    }),
  ),
}

const circuit = Section(
  {
    max_tx: Type.Integer({
      default: 2048,
      minimum: 1,
      maximum: 65_535,
      description: 'Transactions a batch.',
      'x-env-aliases': ['HEZNODE_CIRCUIT_MAXTX'],
    }),
    n_levels: Type.Integer({
      default: 32,
      minimum: 8,
      maximum: 48,
      multipleOf: 8,
      description: 'Levels of the state tree.',
      'x-env-aliases': ['HEZNODE_CIRCUIT_NLEVELS'],
    }),
  },
  { description: 'The circuit to forge with; the rollup contract must have a verifier for it.' },
)

const provers = Section(
  {
    urls: Type.Array(Url({ schemes: ['http', 'https'], description: 'Base URL of a proof server.' }), {
      minItems: 1,
      description: 'Proof servers; each proves one batch at a time.',
      'x-env-aliases': ['HEZNODE_SERVERPROOF_URLS'],
    }),
    input_path: Type.String({ default: 'input', description: 'Where inputs are posted, below the base URL.' }),
    poll_interval: Duration({
      default: '1s',
      description: 'Longest time between two looks at a busy prover.',
      'x-env-aliases': [`${COORDINATOR}PROOFSERVERPOLLINTERVAL`],
    }),
    proof_timeout: Duration({
      default: '10m',
      description: 'A proof that takes longer is given to another prover.',
    }),
    max_attempts: Type.Integer({ default: 5, minimum: 1, description: 'Tries at one batch before it fails.' }),
    lookahead: Type.Integer({
      default: 2,
      minimum: 0,
      maximum: 64,
      description: 'Batches built ahead of a free prover, so that no prover waits for one.',
    }),
  },
  { description: 'The proof servers.' },
)

const gas = Section(
  {
    fixed: Type.Integer({
      default: 900_000,
      minimum: 0,
      description: 'Gas of an empty batch.',
      'x-env-aliases': ['HEZNODE_FORGEBATCHGASCOST_FIXED'],
    }),
    l1_user_tx: Type.Integer({
      default: 15_000,
      minimum: 0,
      description: 'Gas an L1 user transaction adds.',
      'x-env-aliases': ['HEZNODE_FORGEBATCHGASCOST_L1USERTX'],
    }),
    l1_coord_tx: Type.Integer({
      default: 7_000,
      minimum: 0,
      description: 'Gas an L1 coordinator transaction adds.',
      'x-env-aliases': ['HEZNODE_FORGEBATCHGASCOST_L1COORDTX'],
    }),
    l2_tx: Type.Integer({
      default: 600,
      minimum: 0,
      description: 'Gas an L2 transaction adds.',
      'x-env-aliases': ['HEZNODE_FORGEBATCHGASCOST_L2TX'],
    }),
  },
  { description: 'Upper bounds, used while an earlier batch is in flight and nothing can be estimated.' },
)

const pool = Section(
  {
    max_txs: Type.Integer({
      default: 1_000_000,
      minimum: 1,
      description: 'Pending transactions the pool takes.',
      'x-env-aliases': ['HEZNODE_L2DB_MAXTXS'],
    }),
    ttl: Duration({
      default: '24h',
      description: 'A pending transaction older than this is deleted.',
      'x-env-aliases': ['HEZNODE_L2DB_TTL'],
    }),
    safety_period: Type.Integer({
      default: 10,
      minimum: 0,
      description: 'Batches for which forged and invalid transactions are kept.',
      'x-env-aliases': ['HEZNODE_L2DB_SAFETYPERIOD'],
    }),
    purge_block_delay: Type.Integer({
      default: 10,
      minimum: 0,
      description: 'Blocks between two purges.',
      'x-env-aliases': ['HEZNODE_L2DB_PURGEBLOCKDELAY'],
    }),
    purge_batch_delay: Type.Integer({
      default: 10,
      minimum: 0,
      description: 'Batches between two purges.',
      'x-env-aliases': ['HEZNODE_L2DB_PURGEBATCHDELAY'],
    }),
    invalidate_block_delay: Type.Integer({
      default: 20,
      minimum: 0,
      description: 'Blocks between two looks for outdated nonces.',
      'x-env-aliases': ['HEZNODE_L2DB_INVALIDATEBLOCKDELAY'],
    }),
    invalidate_batch_delay: Type.Integer({
      default: 20,
      minimum: 0,
      description: 'Batches between two looks for outdated nonces.',
      'x-env-aliases': ['HEZNODE_L2DB_INVALIDATEBATCHDELAY'],
    }),
    external_delete_interval: Duration({
      default: '1m',
      description: 'Time between two looks for transactions that were marked for deletion from outside.',
      'x-env-aliases': [`${COORDINATOR}PURGEBYEXTDELINTERVAL`],
    }),
    purge_schedule: CronTimes({
      default: '*/10 * * * *',
      description: 'When the pool is purged besides, whatever the delays; UTC.',
    }),
    selection_window: Type.Integer({
      default: 8192,
      minimum: 1,
      description: 'Pending transactions looked at for one batch, best fee first; more when they do not fill it.',
    }),
    min_fee_usd: Type.Number({
      default: 0,
      minimum: 0,
      description: 'Least fee of a transaction the pool takes, in dollars; 0 takes all. Needs [forger.tokens].',
      'x-env-aliases': ['HEZNODE_L2DB_MINFEEUSD'],
    }),
    max_fee_usd: Type.Number({
      default: 0,
      minimum: 0,
      description: 'Largest fee of a transaction the pool takes, in dollars; 0 takes all. Needs [forger.tokens].',
      'x-env-aliases': ['HEZNODE_L2DB_MAXFEEUSD'],
    }),
  },
  { description: 'The pool of L2 transactions.' },
)

const tokens = Named(
  Section(
    {
      id: Type.Integer({
        default: 0,
        minimum: 0,
        maximum: 2 ** 32 - 1,
        description: 'Number of the token in the rollup; 0 is ether.',
      }),
      decimals: Type.Integer({ default: 18, minimum: 0, maximum: 77, description: 'Its decimal places.' }),
      usd: Type.Optional(
        Type.Number({ minimum: 0, examples: [2500], description: 'Dollars a whole token is worth. Absent: unknown.' }),
      ),
    },
    { description: 'What one token is worth.' },
  ),
  {
    description:
      'Prices, by which fees in different tokens are compared. With any, a token without one counts as worth nothing; ' +
      'without any, smallest units are compared as they are.',
  },
)

export const forgerSection = Section(
  {
    chain: NameOf('chains', { default: 'local', description: 'The NAME of the [chains.NAME] it forges on.' }),
    account: NameOf('accounts', {
      default: 'forger',
      description: 'The NAME of the [accounts.NAME] that forges and collects the fees.',
    }),
    rollup: Address({ description: 'The rollup contract.' }),
    auction: Address({ description: 'The auction contract of the rollup.' }),
    deployed_at: Type.Integer({
      default: 0,
      minimum: 0,
      description: 'The block the rollup was deployed in; nothing before it is read.',
    }),
    fee_bjj: Type.Optional(
      Type.String({
        pattern: '^0x[0-9a-fA-F]{64}$',
        description: 'Compressed BabyJubJub key that collects the fees; absent: derived from the account’s key.',
        'x-env-aliases': ['HEZNODE_FEEACCOUNT_BJJ'],
      }),
    ),
    ...policy,
    ...margins,
    circuit,
    provers,
    gas,
    pool,
    tokens: Type.Optional(tokens),
    keep_contents: Duration({
      default: '30d',
      description: 'How long it is kept what a settled batch held, for people and the JSON dump; 0 is for ever.',
    }),
    debug_batch_path: Type.Optional(
      Path({
        description: 'Folder in which every batch is written as a JSON file at each step.',
        'x-env-aliases': [`${COORDINATOR}DEBUG_BATCHPATH`],
      }),
    ),
    debug_batch_keep: Type.Integer({
      default: 1000,
      minimum: 1,
      description: 'Debug files that are kept, the newest ones.',
    }),
  },
  { description: 'Forges rollup batches with many provers at once and lands them in order.' },
)

export type ForgerConfig = Decoded<typeof forgerSection>
