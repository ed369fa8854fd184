const { readFileSync } = require('node:fs')
const { join } = require('node:path')

/**
 * The arrows of the house (docs/architecture.md). A broken arrow names its rule and the way out.
 *
 * `arrow(folder, allowed)` forbids every import from `folder` to elsewhere in the repository, except to itself and to
 * the folders of `allowed`.
 */
const arrow = (folder, allowed, comment) => ({
  name: `${folder.replaceAll('/', '-')}-arrows`,
  severity: 'error',
  comment,
  from: { path: `^${folder}/` },
  to: { path: '^(core|worker|main|renderer|assets|test)/', pathNot: [folder, ...allowed].map((to) => `^${to}(/|$)`) },
})

/** Contracts between a device and what it plugs into: single files at the top of disk/ and net/, never an implementation. */
const ports = ['core/disk/[^/]+[.]ts', 'core/net/[^/]+[.]ts']

/** Everything that both the machine and its parts stand on. */
const ground = ['core/base', 'core/state', 'core/time']

/** The file of each device: what the catalogue imports from a role's folder. */
const devices = Array.from(
  readFileSync(join(__dirname, 'core/devices/catalogue.ts'), 'utf8').matchAll(
    /'(?:[.]|.*core\/devices)(\/.+\/.+)[.]ts'/g,
  ),
  ([, path]) => `^core/devices${path}[.]ts$`,
)

module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      severity: 'error',
      comment: 'Move the shared part to a file of its own.',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-unresolvable',
      severity: 'error',
      comment: 'The file does not exist.',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'tests-stay-outside',
      severity: 'error',
      comment: 'Product code imports nothing of test/.',
      from: { path: '^(core|worker|main|renderer|assets)/' },
      to: { path: '^test/' },
    },

    arrow(
      'renderer',
      ['core/contract', 'assets'],
      'The renderer knows core/contract and nothing else: put a method into the contract.',
    ),
    arrow(
      'main',
      ['core/contract', 'core/base', 'core/templates', 'assets'],
      'The host starts workers by URL and speaks the contract: put the work into worker/.',
    ),
    arrow(
      'worker',
      ['core', 'assets'],
      'A worker knows core only: what it needs of the host arrives in its start message.',
    ),
    arrow('core', [], 'Core imports nothing outside itself: take a port as an argument.'),
    {
      name: 'core-is-pure',
      severity: 'error',
      comment: 'Core uses no Node module and no package: take a port as an argument.',
      from: { path: '^core/', pathNot: '^core/base/schema[.]ts$' },
      to: { dependencyTypes: ['core', 'npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'schema-library-in-one-place',
      severity: 'error',
      comment: 'core/base/schema.ts wraps zod and nothing but zod (docs/decisions/0001-schema-library.md).',
      from: { path: '^core/base/schema[.]ts$' },
      to: {
        dependencyTypes: ['core', 'npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-no-pkg', 'npm-unknown'],
        pathNot: 'node_modules/zod/',
      },
    },
    {
      name: 'schemas-come-from-base',
      severity: 'error',
      comment: 'Take schemas from core/base/schema.ts (docs/decisions/0001-schema-library.md).',
      from: { path: '^(worker|main|renderer)/' },
      to: { path: 'node_modules/zod/' },
    },
    {
      name: 'electron-in-its-shell',
      severity: 'error',
      comment: 'Only the Electron shell runs inside Electron; elsewhere its package downloads it when imported.',
      from: { pathNot: '^main/shells/electron/' },
      to: { path: 'node_modules/electron/', dependencyTypesNot: ['type-only'] },
    },

    arrow('core/base', [], 'Base stands on nothing.'),
    arrow(
      'core/contract',
      ['core/base'],
      'The contract is types and schemas; the machine derives from it, not the reverse.',
    ),
    arrow('core/templates', ['core/base', 'core/contract'], 'A template is data of the contract.'),
    arrow('core/state', ['core/base'], 'Saved state knows no chip.'),
    arrow('core/time', ['core/base', 'core/state'], 'Time knows no chip.'),
    arrow('core/wasm', ['core/base'], 'The assembler knows no processor.'),
    arrow('core/memory', ground, 'Memory knows no bus and no chip.'),
    arrow('core/bus', [...ground, 'core/memory'], 'A bus knows no device.'),
    arrow('core/disk', ground, 'A disk image knows no controller.'),
    arrow('core/net', ground, 'A network knows no card.'),
    arrow(
      'core/cpu',
      [...ground, 'core/memory', 'core/bus', 'core/wasm'],
      'The processor sees memory and buses, never a chip or the machine.',
    ),
    arrow(
      'core/devices',
      [...ground, 'core/memory', 'core/bus', ...ports],
      'A device sees buses, memory and the ports of disk and net: no processor, no firmware, no machine, no contract.',
    ),
    {
      name: 'no-device-imports-another',
      severity: 'error',
      comment: 'Devices meet on buses and interrupt lines. What two chips share is a file that is no device itself.',
      from: { path: '^core/devices/[^/]+/' },
      to: { path: devices },
    },
    {
      name: 'no-device-imports-another-role',
      severity: 'error',
      comment: 'Devices meet on buses and interrupt lines. What two roles share lives at the top of core/devices/.',
      from: { path: '^core/devices/([^/]+)/' },
      to: { path: '^core/devices/[^/]+/', pathNot: '^core/devices/$1/' },
    },
    arrow(
      'core/firmware',
      [...ground, 'core/memory', 'core/bus', 'core/cpu', 'core/devices/device[.]ts', ...ports],
      'Firmware works on the state of the processor and on memory; it reaches chips through ports, as software does.',
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|[.]cache)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.mjs', '.js', '.svelte', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
    skipAnalysisNotInRules: true,
  },
}
