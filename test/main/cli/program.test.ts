/** Every command of the help: it has --json, prints one JSON value with it, and stands in the documentation. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { describe, expect, onTestFinished, test } from 'vitest'
import { machineSettingsSchema } from '../../../core/contract/machine-spec.ts'
import { createProgram } from '../../../main/cli/program.ts'
import { createLocalAddress, listenLocally } from '../../../main/shells/local/local-socket.ts'
import { runCli } from '../../support/cli.ts'
import { openFakeHost } from '../../support/fake-host.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

/** Commands without subcommands, by their whole name: "snapshot take". */
function leaves(command: Command, name = ''): [string, Command][] {
  if (command.commands.length === 0) return [[name, command]]
  return command.commands.flatMap((child) => leaves(child, name === '' ? child.name() : `${name} ${child.name()}`))
}

const commands = leaves(createProgram())

/** What these commands print is checked by running them as processes. */
const AS_PROCESSES = ['run', 'serial', 'serve']

describe('every command', () => {
  test.each(commands)('%s has --json and says what it is for', (_, command) => {
    expect(command.options.map(({ long }) => long)).toContain('--json')
    expect(command.description()).not.toBe('')
  })

  test('is in the documentation', () => {
    const docs = ['command-line.md', 'snapshots.md', 'disk-images.md']
    const text = docs.map((file) => readFileSync(join(import.meta.dirname, '../../../docs', file), 'utf8')).join('\n')
    const missing = commands.map(([name]) => name.split(' ').at(-1) ?? '').filter((name) => !text.includes(name))
    expect(missing).toEqual([])
  })
})

/** A host in this process that the commands find by its lock, as they find the app. */
async function openCommandedHost() {
  const address = createLocalAddress()
  const libraryFolder = temporaryFolder()
  const host = await openFakeHost({ libraryFolder, lockNote: { ...address } })
  const local = await listenLocally(host, address)
  onTestFinished(() => local.close())
  return { host, libraryFolder }
}

/** What the command prints. */
async function call(libraryFolder: string, args: readonly string[]): Promise<string> {
  const write = process.stdout.write
  let printed = ''
  process.stdout.write = ((text: string | Uint8Array) => {
    printed += Buffer.from(text as string).toString()
    return true
  }) as typeof process.stdout.write
  try {
    await createProgram().parseAsync(['node', 'vitrine', '--library', libraryFolder, ...args])
  } finally {
    process.stdout.write = write
  }
  return printed
}

/** Sixty commands, some of which work on disks and start machines. */
const LONG_MS = 180_000

describe('commands with --json', () => {
  test(
    'print one JSON value each',
    async () => {
      const before = process.env['VITRINE_HOME']
      onTestFinished(() => {
        if (before === undefined) delete process.env['VITRINE_HOME']
        else process.env['VITRINE_HOME'] = before
      })
      const { host, libraryFolder } = await openCommandedHost()
      const folder = temporaryFolder()
      const floppy = join(folder, 'floppy.img')
      writeFileSync(floppy, Buffer.alloc(1_474_560))
      const image = join(folder, 'disk.qcow2')
      const away = join(folder, 'away')
      mkdirSync(away)
      const done = new Set<string>()
      const json = async (command: string, ...args: string[]): Promise<unknown> => {
        done.add(command)
        const printed = await call(libraryFolder, [...command.split(' '), ...args, '--json'])
        expect(printed, `${command} ${args.join(' ')}`).toMatch(/^[^\n]+\n$/)
        return JSON.parse(printed)
      }

      expect(await json('templates', 'freedos')).toMatchObject({ id: 'freedos' })
      expect(await json('create', '--template', 'freedos', '--name', 'One', '--disk', '10M')).toMatchObject({
        folder: 'One',
      })
      expect(await json('list', '--search', 'freedos disk')).toMatchObject([{ folder: 'One' }])
      expect(await json('show', 'One')).toMatchObject({ state: 'off' })
      expect(await json('set', 'One', 'memoryMib=8', 'group=Old')).toMatchObject({
        spec: { memoryMib: 8, group: 'Old' },
      })
      expect(await json('import', floppy, '--name', 'Floppy')).toMatchObject({ folder: 'Floppy' })
      expect(await json('snapshot take', 'One', '--name', 'First')).toMatchObject({ name: 'First' })
      expect(await json('snapshot list', 'One')).toBeDefined()
      expect(await json('snapshot tree', 'One')).toBeDefined()
      await json('snapshot rename', 'One', 'First', 'Second')
      await json('snapshot pin', 'One', 'Second')
      await json('snapshot pin', 'One', 'Second', '--off')
      await json('snapshot restore', 'One', 'Second', '--no-keep')
      await json('snapshot delete', 'One', 'Second')
      await json('clone', 'Floppy', '--name', 'Clone')

      expect(await json('start', 'One', '--headless')).toMatchObject({ state: 'running' })
      expect(await json('set', 'One', 'memoryMib=16')).toMatchObject({
        spec: { pending: { settings: { memoryMib: 16 } } },
      })
      await json('set', 'One', 'cpu.profile=486')
      // Part of a setting of which another part waits.
      expect(await json('set', 'One', 'cpu.limitMips=5')).toMatchObject({
        spec: { cpu: { limitMips: 5 }, pending: { settings: { cpu: { profile: '486', limitMips: 5 } } } },
      })
      expect(await json('pause', 'One')).toMatchObject({ state: 'paused' })
      expect(await json('resume', 'One')).toMatchObject({ state: 'running' })
      await json('reset', 'One')
      await json('type', 'One', 'dir')
      await json('key', 'One', 'ctrl-alt-del')
      await json('mouse', 'One', 'click')
      expect(await json('screen', 'One')).toMatchObject({ mode: 'text' })
      expect(await json('screenshot', 'One', join(folder, 'screen.png'))).toMatchObject({ widthPx: 320 })
      expect(await json('attach', 'One', 'fda', floppy)).toMatchObject({ state: 'running' })
      expect(await json('drive', 'One', 'fda', '--write-protected')).toMatchObject({ state: 'running' })
      expect(await json('eject', 'One', 'fda')).toMatchObject({ state: 'running' })
      expect(await json('logs', 'One', '--search', 'Power')).toMatchObject({
        lines: [expect.stringContaining('Power on')],
      })
      expect(await json('history', 'One')).toMatchObject(
        expect.arrayContaining([expect.objectContaining({ kind: 'started' })]),
      )
      expect(await json('stats', 'One')).toBeInstanceOf(Array)
      expect(await json('stats')).toBeInstanceOf(Array)
      expect(await json('save', 'One')).toMatchObject({ state: 'off' })
      expect(await json('save', 'One', '--discard')).toMatchObject({
        spec: { present: { resume: null }, memoryMib: 16 },
      })
      await json('start', 'One', '--headless')
      expect(await json('stop', 'One', '--force')).toMatchObject({ state: 'off' })
      await json('disk add', 'One', '--size', '1M')

      expect(await json('move', 'Clone', away)).toMatchObject({ folder: join(away, 'Clone') })
      await json('folder', 'forget', join(away, 'Clone'))
      expect(await json('folder', 'add', join(away, 'Clone'))).toMatchObject({ kind: 'machine' })
      await json('export', 'Clone', join(folder, 'clone.vitrine'))
      await json('delete', 'Clone')
      expect(await json('trash')).toMatchObject([{ name: 'Clone' }])
      expect(await json('trash', 'restore', 'Clone')).toMatchObject([{ folder: 'Clone' }])
      await json('delete', 'Clone', '--permanently')

      await json('disk create', image, '--size', '1M')
      expect(await json('disk info', image)).toMatchObject({ format: 'qcow2' })
      await json('disk check', image)
      await json('disk compact', image)
      await json('disk resize', image, '2M')
      await json('disk convert', image, join(folder, 'disk.img'))
      await host.snapshots.work.idle()

      const rest = commands.map(([name]) => name).filter((name) => !done.has(name) && !AS_PROCESSES.includes(name))
      expect(rest).toEqual([])
    },
    LONG_MS,
  )

  test(
    'print lines where they do not end by themselves',
    async () => {
      const { host, libraryFolder } = await openCommandedHost()
      const { spec } = await host.machines.library.add(async () => {
        return machineSettingsSchema.parse({ name: 'One' })
      })
      await host.machines.start(spec.id, {})
      const serial = await runCli(['serial', 'One', '--json'], { home: libraryFolder, input: 'dir' })
      const first = JSON.parse(serial.stdout.split('\n')[0] ?? '')
      expect(first).toMatchObject({ port: 1, text: expect.stringContaining('READY') })

      const floppy = join(temporaryFolder(), 'floppy.img')
      const bytes = Buffer.alloc(1_474_560)
      bytes.writeUInt16LE(0xaa55, 510)
      writeFileSync(floppy, bytes)
      const run = await runCli(['run', '--fda', floppy, '--json', '--exit-on', 'READY'], { fake: true })
      expect(JSON.parse(run.stderr.trimEnd().split('\n').at(-1) ?? '')).toMatchObject({
        status: 0,
        end: { kind: 'power-off', by: 'host' },
      })
    },
    LONG_MS,
  )
})
