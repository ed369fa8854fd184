/**
 * Kills the host at random moments of work on snapshots and disks, and opens its library again: every snapshot that was complete must
 * restore with the disk and the memory of one moment, and no disk may be damaged.
 *
 *     node test/fuzz/kill-snapshots.ts [--rounds 200] [--seed 1] [--longest 6000]
 *
 * The child (`--child FOLDER`) works on the library until it is killed: it writes the disk, takes snapshots (of the machine off
 * and running), restores, deletes, saves, converts, compacts and resizes the disk, and lets the guest write to it. Before each write
 * of its own it says what the disk holds by then, so that the parent knows what each snapshot must hold.
 */
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { Host } from '../../main/host.ts'
import { countingDisk } from '../support/counting-guest.ts'
import { connect } from '../support/fake-host.ts'
import { pathOf } from '../support/needs.ts'
import { Random } from '../support/random.ts'
import { countInSnapshot } from '../support/snapshot-count.ts'
import { tool } from '../support/tools.ts'

const SECTOR = 512
const MACHINE = { memoryMib: 16, videoMemoryMib: 1, pages: 2000 } as const
const FIRST_SECTOR = 1024
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    /** The child lives at most so many milliseconds after it is ready. */
    longest: { type: 'string', default: '6000' },
    child: { type: 'string' },
  },
})

const openHost = (folder: string) =>
  Host.open({
    libraryFolder: folder,
    welcome: false,
    shell: { openConsole: () => {}, pageUrl: () => null, quit: () => {} },
  })

type Connected = ReturnType<typeof connect>['api']

/** The hard disk of the only machine. */
function diskFile(host: Host, id: string): string {
  const { spec, path } = host.machines.library.machine(id)
  return join(path, spec.drives.find(({ slot }) => slot === 'hda')?.file ?? '')
}

/** What QEMU calls the format of an image. */
function formatOf(file: string): string {
  const extension = /[.](qcow2|vdi|vmdk|vhd)$/.exec(file)?.[1] ?? 'raw'
  return extension === 'vhd' ? 'vpc' : extension
}

/** What the marked sectors of an image hold. */
function mark(file: string): number {
  const format = formatOf(file)
  const text = execFileSync('qemu-io', ['-r', '-f', format, '-c', `read -v ${FIRST_SECTOR * SECTOR} 16`, file], {
    encoding: 'utf8',
  })
  return Number.parseInt(text.split(/\s+/)[1] ?? '', 16)
}

async function work(folder: string, seed: number): Promise<never> {
  const random = new Random(seed)
  const host = await openHost(folder)
  const { api } = connect(host)
  const [card] = await api.library.list({})
  if (card?.kind !== 'machine') throw new Error('The library has no machine')
  const { id } = card
  const say = (line: string) => process.stdout.write(`${line}\n`)
  say('ready')
  for (;;) {
    const { snapshots } = await api.snapshot.tree({ id })
    const some = snapshots.length > 0 ? random.pick(snapshots) : undefined
    const state = (await api.library.get({ id })).state
    switch (random.below(11)) {
      case 0:
      case 1: {
        if (state !== 'off') await api.machine.powerOff({ id })
        await host.snapshots.work.idle()
        const value = 1 + random.below(250)
        say(`write ${value}`)
        const file = diskFile(host, id)
        const format = formatOf(file)
        execFileSync('qemu-io', ['-f', format, '-c', `write -P ${value} ${FIRST_SECTOR * SECTOR} ${64 * SECTOR}`, file])
        say(`wrote ${value}`)
        break
      }
      case 2:
      case 3:
        say(`took ${(await api.snapshot.take({ id })).id}`)
        break
      case 4:
        if (!some) break
        say(`restoring ${some.id}`)
        await api.snapshot.restore({ id, snapshot: some.id, keepPresent: random.below(2) === 0 })
        say(`restored ${some.id}`)
        break
      case 5:
        if (!some) break
        say(`deleting ${some.id}`)
        await api.snapshot.delete({ id, snapshot: some.id }).catch(() => {})
        break
      case 6:
      case 7:
        if (state === 'off') await api.machine.start({ id })
        break
      case 8:
      case 9: {
        if (state !== 'off') await api.machine.powerOff({ id })
        await host.snapshots.work.idle()
        const disk = { kind: 'drive', id, slot: 'hda' } as const
        // What machines with snapshots do not allow is refused.
        const format = random.pick(['raw', 'qcow2', 'vdi', 'vmdk', 'vhd'] as const)
        const [work] = random.pick([
          [() => api.disk.convert({ disk, format })],
          [() => api.disk.compact({ disk })],
          [() => api.disk.resize({ disk, sizeBytes: (8 + random.below(8)) << 20 })],
        ] as const)
        await work().catch(() => {})
        break
      }
      default:
        if (state === 'running') await api.snapshot.save({ id })
    }
  }
}

/** What the child said, told to the end. */
interface Told {
  /** What the present's disk may hold. */
  present: Set<number>
  /** What each complete snapshot's disk holds. */
  readonly snapshots: Map<string, number>
  readonly deleted: Set<string>
}

function hear(told: Told, line: string): void {
  const [verb, what = ''] = line.split(' ')
  if (verb === 'write') told.present.add(Number(what))
  else if (verb === 'wrote') told.present = new Set([Number(what)])
  else if (verb === 'took' && told.present.size === 1) told.snapshots.set(what, [...told.present][0] ?? 0)
  else if (verb === 'restoring') told.present.add(told.snapshots.get(what) ?? -1)
  else if (verb === 'restored') {
    const held = told.snapshots.get(what)
    if (held !== undefined) told.present = new Set([held])
  } else if (verb === 'deleting') told.deleted.add(what)
}

async function runAndKill(folder: string, told: Told, seed: number, delayMs: number): Promise<void> {
  const child = spawn(
    process.execPath,
    [...process.execArgv, import.meta.filename, '--child', folder, '--seed', String(seed)],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  const ended = new Promise((resolve) => child.once('exit', resolve))
  const lines = createInterface({ input: child.stdout })
  lines.on('line', (line) => {
    if (line === 'ready') setTimeout(() => child.kill('SIGKILL'), delayMs)
    else hear(told, line)
  })
  await ended
  if (child.exitCode !== null) throw new Error(`The child ended by itself with ${child.exitCode}`)
}

/** Opens the library as after a crash, and looks at everything in it. */
async function inspect(folder: string, told: Told): Promise<number> {
  const host = await openHost(folder)
  try {
    const { api }: { api: Connected } = connect(host)
    const [card] = await api.library.list({})
    if (card?.kind !== 'machine') throw new Error(`The machine is gone: ${JSON.stringify(card)}`)
    const { id } = card
    await host.snapshots.work.idle()
    const { snapshots } = await api.snapshot.tree({ id })
    for (const snapshot of snapshots) if (snapshot.problem !== null) throw new Error(`Snapshot: ${snapshot.problem}`)
    for (const wanted of told.snapshots.keys())
      if (!told.deleted.has(wanted) && !snapshots.some((snapshot) => snapshot.id === wanted))
        throw new Error(`The snapshot ${wanted} is gone`)
    const { path } = host.machines.library.machine(id)
    for (const name of readdirSync(join(path, 'disks'))) {
      if (name.endsWith('.tmp')) throw new Error(`${name} is left`)
      if (/[.](qcow2|vdi|vmdk)$/.test(name)) checkImage(join(path, 'disks', name))
    }
    const present = mark(diskFile(host, id))
    if (!told.present.has(present)) throw new Error(`The disk holds ${present}, not ${[...told.present].join(' or ')}`)
    for (const snapshot of snapshots) {
      const record = JSON.parse(readFileSync(join(path, 'snapshots', snapshot.id, 'record.json'), 'utf8'))
      const file = record.spec.drives.find((drive: { slot: string }) => drive.slot === 'hda').file
      const held = mark(join(path, file))
      const expected = told.snapshots.get(snapshot.id)
      if (expected !== undefined && held !== expected) throw new Error(`A snapshot holds ${held}, not ${expected}`)
      told.snapshots.set(snapshot.id, held)
      if (snapshot.hasMemory) await countInSnapshot(path, snapshot.id, MACHINE)
    }
    // One of them with memory is restored and goes on.
    const whole = snapshots.find(({ hasMemory }) => hasMemory)
    if (whole) {
      await api.snapshot.restore({ id, snapshot: whole.id, keepPresent: false })
      await api.machine.start({ id })
      await api.machine.powerOff({ id })
      await host.snapshots.work.idle()
    }
    told.present = new Set([mark(diskFile(host, id))])
    return snapshots.length
  } finally {
    await host.dispose()
  }
}

/** Leaks are space, not damage: status 3. */
function checkImage(file: string): void {
  try {
    execFileSync('qemu-img', ['check', file], { stdio: 'pipe' })
  } catch (error) {
    const { status, stderr } = error as { status: number; stderr: Buffer }
    if (status !== 3 && existsSync(file)) throw new Error(`${file} is damaged: ${stderr}`)
  }
}

if (values.child !== undefined) await work(values.child, Number(values.seed))

const folder = mkdtempSync(join(tmpdir(), 'vitrine-kill-'))
try {
  const image = join(folder, 'counting.img')
  writeFileSync(image, countingDisk(pathOf(tool('nasm')), MACHINE.pages, 'ports'))
  const library = join(folder, 'library')
  const host = await openHost(library)
  const { api } = connect(host)
  const { id } = await api.library.importImage({ source: { kind: 'path', path: image }, name: 'Counting' })
  await api.library.update({ id, patch: { memoryMib: MACHINE.memoryMib, display: { videoMemoryMib: 1 } } })
  const told: Told = { present: new Set([mark(diskFile(host, id))]), snapshots: new Map(), deleted: new Set() }
  await host.dispose()
  const random = new Random(Number(values.seed))
  for (let round = 0; round < Number(values.rounds); round++) {
    const delayMs = random.below(Number(values.longest))
    await runAndKill(library, told, random.next(), delayMs)
    const count = await inspect(library, told)
    process.stdout.write(`${round + 1}: killed after ${delayMs} ms, ${count} snapshots whole\n`)
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
