/**
 * What snapshots of a Linux guest cost that writes memory and disk as fast as it can: the longest time for which the guest stands
 * still, how long one takes, how long restores take until the guest goes on (`--restores` of them), and how much all of them take.
 * Prints one JSON line.
 *
 *     node test/bench/snapshot.ts [--memory 256] [--count 5] [--restores 5]
 */
import { copyFileSync, mkdtempSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { machineSettingsSchema } from '../../core/contract/machine-spec.ts'
import { Host } from '../../main/host.ts'
import { connect } from '../support/fake-host.ts'
import { pathOf } from '../support/needs.ts'
import { shared } from '../support/shared.ts'

// As the app does.
enableCompileCache()
const { values } = parseArgs({
  options: {
    memory: { type: 'string', default: '256' },
    count: { type: 'string', default: '5' },
    restores: { type: 'string', default: '5' },
  },
})
const kernel = shared('guests/vmlinuz-686')
const initrd = shared('guests/initrd-686.gz')
const folder = mkdtempSync(join(tmpdir(), 'vitrine-bench-'))
const disk = join(folder, 'disk.img')
writeFileSync(disk, '')
truncateSync(disk, 1 << 30)
copyFileSync(pathOf(initrd), join(folder, 'initrd.gz'))

const host = await Host.open({
  libraryFolder: join(folder, 'library'),
  welcome: false,
  shell: { openConsole: () => {}, pageUrl: () => null, quit: () => {} },
})
const { api } = connect(host)
try {
  const { id } = await api.library.create({
    settings: machineSettingsSchema.parse({
      name: 'Bench',
      memoryMib: Number(values.memory),
      drives: [{ slot: 'hda', kind: 'disk', file: disk }],
      boot: {
        order: ['disk'],
        kernel: {
          file: pathOf(kernel),
          initrd: join(folder, 'initrd.gz'),
          append: 'console=ttyS0 quiet cryptomgr.notests',
        },
      },
    }),
  })
  await api.machine.start({ id })
  const vm = host.machines.running(id)
  const wait = async (text: string) => {
    const { seen } = await vm.call({ type: 'wait-text', text, timeoutSeconds: 900, background: true })
    if (seen === 'nowhere') throw new Error(`The guest never said ${text}`)
  }
  const type = (line: string) => vm.send({ type: 'serial', port: 1, bytes: new TextEncoder().encode(`${line}\n`) })
  await wait('GUEST-READY')
  type('modprobe ata_piix; modprobe sd_mod; sleep 2; echo DISK-$((6*7))')
  await wait('DISK-42')
  type('dd if=/dev/urandom of=/tmp/m bs=1M count=24 2>/dev/null; echo FILLED-$((6*7))')
  await wait('FILLED-42')
  // Every byte is another one each time, in memory and on the disk.
  type(
    "(while true; do tr '\\000-\\377' '\\001-\\377\\000' < /tmp/m > /tmp/n && mv /tmp/n /tmp/m; done) & (while true; do dd if=/tmp/m of=/dev/sda bs=1M 2>/dev/null; done) & echo BUSY-$((6*7))",
  )
  await wait('BUSY-42')
  const taken: { seconds: number; gapMs: number; pages: number; bytes: number }[] = []
  let last = ''
  for (let i = 0; i < Number(values.count); i++) {
    // Two seconds of the guest's time for changes.
    await vm.call({ type: 'wait-text', text: 'never said', timeoutSeconds: 2, background: true })
    const startMs = performance.now()
    last = (await api.snapshot.take({ id })).id
    const seconds = (performance.now() - startMs) / 1000
    const line =
      (await api.library.logs({ id, lines: 20 })).lines.findLast((text) => text.includes('stood still')) ?? ''
    const [, gapMs, pages, bytes] = /for ([\d.]+) ms at a time; (\d+) pages, (\d+) bytes/.exec(line) ?? []
    taken.push({ seconds, gapMs: Number(gapMs), pages: Number(pages), bytes: Number(bytes) })
  }
  const { path } = host.machines.library.machine(id)
  await api.machine.powerOff({ id })
  await host.snapshots.work.idle()
  const restoreSeconds: number[] = []
  for (let i = 0; i < Number(values.restores); i++) {
    const startMs = performance.now()
    await api.snapshot.restore({ id, snapshot: last, keepPresent: false })
    await api.machine.start({ id })
    restoreSeconds.push((performance.now() - startMs) / 1000)
    await api.machine.powerOff({ id })
    await host.snapshots.work.idle()
  }
  const size = (at: string): number =>
    readdirSync(at, { withFileTypes: true }).reduce(
      (sum, entry) => sum + (entry.isDirectory() ? size(join(at, entry.name)) : statSync(join(at, entry.name)).size),
      0,
    )
  const changedBytes = taken.reduce((sum, { pages }) => sum + pages * 4096, 0)
  process.stdout.write(
    `${JSON.stringify({
      memoryMib: Number(values.memory),
      snapshots: taken.length,
      longestGapMs: Math.max(...taken.map(({ gapMs }) => gapMs)),
      longestSeconds: Math.max(...taken.map(({ seconds }) => seconds)),
      restoreSeconds,
      changedBytes,
      snapshotBytes: size(join(path, 'snapshots')),
      diskBytes: size(join(path, 'disks')),
      load: loadavg()[0],
      taken,
    })}\n`,
  )
} finally {
  await host.dispose()
  rmSync(folder, { recursive: true, force: true })
}
