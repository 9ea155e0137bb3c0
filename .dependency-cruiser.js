/**
 * Which way imports may point (the rooms and their walls). No rule names a role, so that the next role is covered the
 * day its folder appears.
 */
const LEAVES = '^src/(clock|errors|log|metrics|secrets|keystore|paging)\\.ts$|^src/config/'
const KIT = '^src/actors/kit/'
const SUPERVISORS = '^src/supervisors/'
const ENTITIES = '^src/entities/'
const CHAIN_AND_LANES = '^src/actors/(chain|lanes)/'
const PLATFORM = '^src/actors/platform/'
const ROLE = '^src/actors/(?!(?:kit|chain|lanes|platform)/)[^/]+/'
const DEMO = '^src/actors/[^/]+/demo/'
/** What the rooms tell each other: message types, addresses and plain contracts, no behaviour. */
const CONTRACTS = '^src/role\\.ts$|^src/supervisors/(child|spec|snapshot)\\.ts$'
const OUTSIDE = '(^node:|node_modules)'

/** Files in `from` import only what matches one of `to`, besides packages and Node itself. */
const only = (name, comment, from, to, more = {}) => ({
  name,
  comment,
  severity: 'error',
  from: { path: from, ...more },
  to: { path: '^src/', pathNot: to },
})

export default {
  forbidden: [
    only('leaves-stand-alone', 'A leaf imports nothing of ours but other leaves.', LEAVES, [LEAVES]),
    only('entities-import-leaves', 'What is remembered knows nothing of who uses it.', ENTITIES, [LEAVES, ENTITIES]),
    only('kit-imports-leaves', 'The skin on nact knows only leaves.', KIT, [
      LEAVES,
      KIT,
      '^src/supervisors/(child|spec)\\.ts$',
    ]),
    only('supervisors-import-kit', 'Supervision knows the kit and leaves; records go through a port.', SUPERVISORS, [
      LEAVES,
      KIT,
      SUPERVISORS,
    ]),
    only('chain-and-lanes-know-no-role', 'Roles use them, never the other way round.', CHAIN_AND_LANES, [
      LEAVES,
      KIT,
      ENTITIES,
      CHAIN_AND_LANES,
      '^src/supervisors/(child|spec)\\.ts$',
    ]),
    {
      name: 'roles-are-strangers',
      comment: 'A role never imports another.',
      severity: 'error',
      from: { path: '^src/actors/(?!(?:kit|chain|lanes|platform)/)([^/]+)/' },
      to: { path: ROLE, pathNot: '^src/actors/$1/' },
    },
    only(
      'roles-import-contracts',
      'A role knows leaves, kit, entities, the contracts of the rooms, chain and lanes.',
      ROLE,
      [LEAVES, KIT, ENTITIES, CHAIN_AND_LANES, CONTRACTS, ROLE],
      { pathNot: DEMO },
    ),
    only('demos-may-deploy', 'The demo part of a role may also deploy onto the embedded chain.', DEMO, [
      LEAVES,
      KIT,
      ENTITIES,
      CHAIN_AND_LANES,
      CONTRACTS,
      ROLE,
      '^src/embedded/',
    ]),
    only('platform-knows-no-role', 'What keeps the platform up knows no role.', PLATFORM, [
      LEAVES,
      KIT,
      ENTITIES,
      CHAIN_AND_LANES,
      CONTRACTS,
      PLATFORM,
      '^src/embedded/',
    ]),
    only('embedded-imports-leaves', 'The embedded parts are started by others.', '^src/embedded/', [
      LEAVES,
      '^src/embedded/',
    ]),
    only('http-knows-no-role', 'HTTP serves the tree, the entities and what roles bring.', '^src/http/', [
      LEAVES,
      ENTITIES,
      KIT,
      CONTRACTS,
      '^src/http/',
    ]),
    only(
      'cli-speaks-http',
      'The command line knows no actor; only start and mock-prover run something, and check asks the roles.',
      '^src/cli/',
      [LEAVES, CONTRACTS, '^src/cli/'],
      {
        pathNot: '^src/cli/commands/(start|check|mock-prover)\\.ts$',
      },
    ),
    {
      name: 'nact-in-one-place',
      comment: 'Only the kit and the supervisors import nact.',
      severity: 'error',
      from: { path: '^src/', pathNot: `${KIT}|${SUPERVISORS}` },
      to: { path: 'node_modules/nact' },
    },
    {
      name: 'sources-know-no-tests',
      comment: 'src imports neither tests nor benches nor scripts.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|bench|scripts)/' },
    },
    {
      name: 'no-cycles',
      comment: 'A cycle at run time; types may refer to each other.',
      severity: 'error',
      from: { path: '^src/' },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'nothing-missing',
      comment: 'An import that cannot be found.',
      severity: 'error',
      from: { path: '^src/' },
      to: { couldNotResolve: true },
    },
    {
      name: 'no-development-packages',
      comment: 'src runs without development packages.',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: OUTSIDE },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
}
