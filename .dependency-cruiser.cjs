/**
 * What may import what, as ARCHITECTURE.md says it. `npm run boundaries` checks it;
 * test/boundaries.test.ts proves with planted violations that each rule bites.
 */
const services = '^(api|bot|monitoring)/';
/** Parts of the core with drivers behind an index.ts, and what a driver is there. */
const drivers = {
  jobs: '^core/jobs/(embedded|redis)[./-]',
  storage: '^core/storage/(local|s3)[./-]',
  tts: '^core/tts/(engines|children)/',
};
const seams = Object.keys(drivers).join('|');

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'core-knows-nobody',
      severity: 'error',
      comment: 'The core makes films and knows nothing of who asks.',
      from: { path: '^core/' },
      to: { path: '^(api|bot|monitoring|cli|clients|app|scripts|examples|test)/|^(app|cli)\\.ts$' },
    },
    ...['api', 'bot', 'monitoring'].map((door) => ({
      name: `doors-are-strangers-${door}`,
      severity: 'error',
      comment: 'The doors never import each other, nor what wires them.',
      from: { path: `^${door}/` },
      to: { path: `${services}|^cli/|^app/|^(app|cli)\\.ts$`, pathNot: `^${door}/` },
    })),
    {
      name: 'platforms-are-strangers-discord',
      severity: 'error',
      from: { path: '^bot/discord/' },
      to: { path: '^bot/slack/' },
    },
    {
      name: 'platforms-are-strangers-slack',
      severity: 'error',
      from: { path: '^bot/slack/' },
      to: { path: '^bot/discord/' },
    },
    {
      name: 'discord-sdk-in-its-folder',
      severity: 'error',
      from: { pathNot: '^bot/discord/|^test/' },
      to: { path: '(^|node_modules/)discord\\.js' },
    },
    {
      name: 'slack-sdk-in-its-folder',
      severity: 'error',
      from: { pathNot: '^bot/slack/|^test/' },
      to: { path: '(^|node_modules/)@slack/' },
    },
    {
      name: 'one-door',
      severity: 'error',
      comment:
        'Doors reach the core by studio, studio-service, doors, schema, errors, config and types only.',
      from: { path: '^(api|bot|monitoring)/' },
      to: {
        path: '^core/',
        pathNot:
          '^core/(studio|studio-service|doors|errors|config|log)\\.ts$|^core/schema/|^core/.*/types\\.ts$',
      },
    },
    {
      name: 'one-door-for-the-command-line',
      severity: 'error',
      comment: 'The command line also reads files, and names types of the core.',
      from: { path: '^cli(\\.ts$|/)' },
      to: {
        path: '^core/',
        pathNot: '^core/(studio|errors|config|log|storyboard-file)\\.ts$|^core/schema/|^core/.*/types\\.ts$',
      },
    },
    ...Object.entries(drivers).map(([seam, driver]) => ({
      name: `drivers-behind-the-factory-${seam}`,
      severity: 'error',
      comment: `Only core/${seam}/index.ts chooses a driver; everyone else sees types.ts.`,
      from: {
        path: '^(core|api|bot|monitoring|cli|app)/|^(app|cli)\\.ts$',
        pathNot: [driver, `^core/${seam}/index\\.ts$`],
      },
      to: { path: driver },
    })),
    {
      name: 'only-the-root-wires',
      severity: 'error',
      comment: 'Factories are called where the program is put together.',
      from: {
        path: '^(core|api|bot|monitoring|cli)/',
        pathNot: `^core/(studio|doctor)\\.ts$|^core/(${seams})/`,
      },
      to: { path: `^core/(${seams})/index\\.ts$`, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'schema-is-the-floor',
      severity: 'error',
      comment: 'Schemas import zod and each other.',
      from: { path: '^core/schema/' },
      to: { pathNot: '^core/schema/|^node_modules/zod/' },
    },
    {
      name: 'one-process-starter',
      severity: 'error',
      comment: 'Children are started in two places, where they are guarded, counted and stopped.',
      from: {
        path: '^(core|api|bot|monitoring|cli|app)/|^(app|cli)\\.ts$',
        pathNot: '^core/ffmpeg\\.ts$|^core/tts/',
      },
      to: {
        path: '^(node:)?child_process$|^node_modules/(execa|fluent-ffmpeg|ffmpeg-static|cross-spawn|tinyexec)/',
      },
    },
    {
      name: 'ffmpeg-in-one-file',
      severity: 'error',
      from: { pathNot: '^core/ffmpeg\\.ts$|^test/' },
      to: { path: '^node_modules/(fluent-ffmpeg|ffmpeg-static)/' },
    },
    {
      name: 'production-knows-no-tests',
      severity: 'error',
      from: { path: '^(core|api|bot|monitoring|cli|app)/|^(app|cli)\\.ts$' },
      to: { path: '^(test|scripts|examples)/' },
    },
    {
      name: 'no-development-packages-in-production',
      severity: 'error',
      from: { path: '^(core|api|bot|monitoring|cli|app)/|^(app|cli)\\.ts$' },
      to: {
        dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'],
        dependencyTypesNot: ['type-only'],
        pathNot: '^node_modules/@types/',
      },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-orphans',
      severity: 'error',
      comment:
        'A module nobody imports is left over. Entries of threads and children are started by their path.',
      from: {
        orphan: true,
        pathNot:
          '\\.d\\.ts$|^(app|cli)\\.ts$|\\.cjs$|-child\\.ts$|/child\\.ts$|/thread\\.ts$|^test/|^scripts/|^examples/',
      },
      to: {},
    },
    { name: 'nothing-missing', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|out|data)/|^core/compositor/kernel/|^bench/film/peers/|\\.wasm$' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
