/**
 * MB/s of disk images as a Linux guest sees them through the IDE controller, each format beside a raw image in the same run:
 *
 *     npm run bench -- guest-disk [--formats qcow2,vdi] [--size MIB] [--json]
 *
 * `dd` with direct requests: 1 MiB for reads and writes in order, 4 KiB for requests per second. A clean image is written
 * first, so that its places are given out by then. Needs `shared/guests`.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { ImageFormatId } from '../../core/disk/disk-image.ts'
import { createImageFile } from '../support/disk-images.ts'
import { pathOf } from '../support/needs.ts'
import { shared } from '../support/shared.ts'

const { values } = parseArgs({
  options: {
    formats: { type: 'string', default: 'qcow2,vdi,vmdk,vhd' },
    size: { type: 'string', default: '64' },
    json: { type: 'boolean', default: false },
  },
})
const sizeMib = Number(values.size)
const SMALL_REQUESTS = 4000
/** Drives, and what the guest calls them. The first is raw. */
const SLOTS = ['hda', 'hdb']
const DEVICES = ['sda', 'sdb']
const vitrine = join(import.meta.dirname, '../../main/cli/vitrine.mjs')

/** What is measured, and its command on a disk. The first writes are not counted. */
const WORKS = {
  'first write': (disk: string) => `dd if=/dev/zero of=${disk} bs=1M count=${sizeMib} oflag=direct`,
  write: (disk: string) => `dd if=/dev/zero of=${disk} bs=1M count=${sizeMib} oflag=direct`,
  read: (disk: string) => `dd if=${disk} of=/dev/null bs=1M count=${sizeMib} iflag=direct`,
  'read 4 KiB': (disk: string) => `dd if=${disk} of=/dev/null bs=4k count=${SMALL_REQUESTS} iflag=direct`,
  'write 4 KiB': (disk: string) => `dd if=/dev/zero of=${disk} bs=4k count=${SMALL_REQUESTS} oflag=direct`,
} as const

/** Runs the guest with a raw disk and one of each of `formats`; bytes per second by work and disk. */
async function run(formats: readonly ImageFormatId[]): Promise<Map<string, number>> {
  const folder = mkdtempSync(join(tmpdir(), 'vitrine-bench-'))
  try {
    const script = join(folder, 'script')
    const disks = (['raw', ...formats] as const).map((format, i) => {
      const file = join(folder, format)
      createImageFile(file, format, sizeMib << 20)
      return { flags: [`--${SLOTS[i]}`, file], device: `/dev/${DEVICES[i]}` }
    })
    const steps = Object.entries(WORKS).flatMap(([name, command]) =>
      disks.map(
        ({ device: disk }) =>
          `read a b < /proc/uptime; ${command(disk)} 2> /dev/null; read c b < /proc/uptime; echo "[${name}${disk}] $a $c"`,
      ),
    )
    const serial = (command: string, answer: number) => [
      `serial ${JSON.stringify(`${command}; echo END-$((40+2))-${answer}\n`)}`,
      `wait "END-42-${answer}" 600`,
    ]
    const commands = ['modprobe ata_piix; modprobe sd_mod; sleep 3', ...steps]
    writeFileSync(script, ['wait "GUEST-READY" 900', ...commands.flatMap(serial), 'quit', ''].join('\n'))
    const flags = ['--memory', '128', '--display', 'none', '--serial', 'stdio', '--script', script]
    const kernel = [
      '--kernel',
      pathOf(shared('guests/vmlinuz-686')),
      '--initrd',
      pathOf(shared('guests/initrd-686.gz')),
    ]
    const append = ['--append', 'console=tty0 console=ttyS0 quiet cryptomgr.notests']
    const child = spawn(process.execPath, [
      vitrine,
      'run',
      ...flags,
      ...kernel,
      ...append,
      ...disks.flatMap(({ flags: own }) => own),
    ])
    let output = ''
    child.stdout.setEncoding('latin1').on('data', (chunk: string) => {
      output += chunk
    })
    child.stderr.pipe(process.stderr)
    await new Promise((resolve) => child.on('close', resolve))
    // The echo of a command has the name, too, but no numbers.
    const found = output.matchAll(/^\[([^\]]+)\/dev\/(sd[ab])\] ([\d.]+) ([\d.]+)/gm)
    return new Map(
      Array.from(found, ([, name = '', disk, begin, end]) => {
        const bytes = name.endsWith('KiB') ? SMALL_REQUESTS * 4096 : sizeMib << 20
        return [`${name} ${disk}`, bytes / (Number(end) - Number(begin))]
      }),
    )
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const wanted = values.formats.split(',') as ImageFormatId[]
for (let first = 0; first < wanted.length; first += SLOTS.length - 1) {
  const formats = wanted.slice(first, first + SLOTS.length - 1)
  const rates = await run(formats)
  if (rates.size === 0) throw new Error('The guest measured nothing')
  for (const [i, format] of formats.entries()) {
    const pairs = Object.keys(WORKS).map(
      (name) =>
        [name, rates.get(`${name} sda`) ?? Number.NaN, rates.get(`${name} ${DEVICES[i + 1]}`) ?? Number.NaN] as const,
    )
    if (values.json) console.log(JSON.stringify({ format, works: pairs }))
    else for (const [name, raw, own] of pairs) console.log(line(format, name, raw, own))
  }
}

function line(format: string, name: string, raw: number, own: number): string {
  const amount = (rate: number) =>
    name.endsWith('KiB') ? `${(rate / 4096).toFixed(0)} requests/s` : `${(rate / 1e6).toFixed(1)} MB/s`
  return `${format.padEnd(6)} ${name.padEnd(12)} raw ${amount(raw)}, ${amount(own)} (${(own / raw).toFixed(2)})`
}
