import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { inSmallTree, root } from '../../support/small-tree.ts'

const configuration = ['.dependency-cruiser.cjs', 'tsconfig.base.json', 'package.json']
const script = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs')

/** Rules that a small tree breaks: each file imports the ones listed, and all of them exist. */
function brokenRules(imports: Record<string, string[]>): string[] {
  const isPath = (target: string) => target.includes('/')
  const paths = [...new Set([...Object.keys(imports), ...Object.values(imports).flat()])].filter(isPath)
  const folders = [...new Set(paths.map((path) => path.split('/')[0] ?? ''))]
  const source = (folder: string, path: string) => {
    const targets = (imports[path] ?? []).map((target) => (isPath(target) ? join(folder, target) : target))
    const lines = targets.map((target, index) => `export * as e${index} from '${target}'`)
    return `${lines.join('\n')}\nexport const here = true\n`
  }
  return inSmallTree(
    configuration,
    (folder) => Object.fromEntries(paths.map((path) => [path, source(folder, path)])),
    (cwd) => {
      const argv = [script, '--output-type', 'json', ...folders]
      const { stdout, stderr } = spawnSync(process.execPath, argv, { cwd, encoding: 'utf8', maxBuffer: 1 << 26 })
      if (!stdout) throw new Error(stderr)
      const { summary } = JSON.parse(stdout) as { summary: { violations: { rule: { name: string }; from: string }[] } }
      return summary.violations.map(({ rule, from }) => `${from} breaks ${rule.name}`).sort()
    },
  )
}

describe('import rules', () => {
  test('arrows in the right direction pass', () => {
    expect(
      brokenRules({
        'core/base/schema.ts': ['zod'],
        'core/machine/builder.ts': ['core/devices/catalogue.ts', 'core/cpu/cpu.ts', 'core/contract/spec.ts'],
        'core/devices/catalogue.ts': ['core/devices/timer/i8254.ts', 'core/devices/storage/ide/chip.ts'],
        'core/devices/timer/i8254.ts': [
          'core/devices/timer/channel.ts',
          'core/devices/device.ts',
          'core/bus/port-bus.ts',
          'core/time/clock.ts',
        ],
        'core/devices/storage/ide/chip.ts': ['core/devices/storage/ide/registers.ts', 'core/disk/block-device.ts'],
        'worker/vm-thread.ts': ['core/machine/builder.ts'],
        'main/host.ts': ['core/contract/spec.ts', 'core/base/errors.ts'],
        'main/shells/electron/main.ts': ['electron'],
        'renderer/app.ts': ['core/contract/spec.ts'],
      }),
    ).toEqual([])
  })

  test('every wrong arrow breaks its rule', () => {
    expect(
      brokenRules({
        'core/base/schema.ts': ['piscina'],
        'core/base/upward.ts': ['core/time/clock.ts'],
        'core/base/node.ts': ['node:fs'],
        'core/bus/device.ts': ['core/devices/timer/i8254.ts'],
        'core/contract/device.ts': ['core/devices/timer/i8254.ts'],
        'core/cpu/device.ts': ['core/devices/timer/i8254.ts'],
        'core/devices/catalogue.ts': ['core/devices/timer/i8254.ts'],
        'core/devices/storage/format.ts': ['core/disk/formats/raw.ts'],
        'core/devices/timer/cpu.ts': ['core/cpu/state.ts'],
        'core/devices/timer/neighbour.ts': ['core/devices/timer/i8254.ts'],
        'core/devices/net/card/chip.ts': ['core/devices/timer/channel.ts'],
        'core/firmware/machine.ts': ['core/machine/builder.ts'],
        'core/machine/worker.ts': ['worker/vm-thread.ts'],
        'core/time/circle.ts': ['core/time/back.ts'],
        'core/time/back.ts': ['core/time/circle.ts'],
        'core/time/zod.ts': ['zod'],
        'main/core.ts': ['core/machine/builder.ts'],
        'main/electron.ts': ['electron'],
        'main/test.ts': ['test/support/fake.ts'],
        'main/worker.ts': ['worker/vm-thread.ts'],
        'main/zod.ts': ['zod'],
        'renderer/base.ts': ['core/base/errors.ts'],
        'worker/host.ts': ['main/host.ts'],
      }),
    ).toEqual([
      'core/base/node.ts breaks core-is-pure',
      'core/base/schema.ts breaks schema-library-in-one-place',
      'core/base/upward.ts breaks core-base-arrows',
      'core/bus/device.ts breaks core-bus-arrows',
      'core/contract/device.ts breaks core-contract-arrows',
      'core/cpu/device.ts breaks core-cpu-arrows',
      'core/devices/net/card/chip.ts breaks no-device-imports-another-role',
      'core/devices/storage/format.ts breaks core-devices-arrows',
      'core/devices/timer/cpu.ts breaks core-devices-arrows',
      'core/devices/timer/neighbour.ts breaks no-device-imports-another',
      'core/firmware/machine.ts breaks core-firmware-arrows',
      'core/machine/worker.ts breaks core-arrows',
      'core/time/back.ts breaks no-circular',
      'core/time/zod.ts breaks core-is-pure',
      'main/core.ts breaks main-arrows',
      'main/electron.ts breaks electron-in-its-shell',
      'main/test.ts breaks main-arrows',
      'main/test.ts breaks tests-stay-outside',
      'main/worker.ts breaks main-arrows',
      'main/zod.ts breaks schemas-come-from-base',
      'renderer/base.ts breaks renderer-arrows',
      'worker/host.ts breaks worker-arrows',
    ])
  })
})
