/**
 * Seconds from the start of the process until a guest is ready: Linux to its ready line, FreeDOS to its prompt.
 *
 *     npm run bench -- boot [--rounds N] [--guests linux,freedos] [--peers qemu,v86] [--engine E]
 *
 * Rounds alternate between the emulators, and medians count; every start is timed by `shared/bench/time-until.mjs`. FreeDOS says
 * what it has to say on COM1 too: its AUTOEXEC.BAT gets a line (mtools).
 */
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { pathOf } from '../support/needs.ts'
import { shared } from '../support/shared.ts'
import { tool } from '../support/tools.ts'
import type { Contender, Found } from './contenders.ts'
import { findQemu, findV86, root, vitrine } from './contenders.ts'
import { loadNow, median } from './measurement.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    guests: { type: 'string', default: 'linux,freedos' },
    peers: { type: 'string', default: 'qemu,v86' },
    engine: { type: 'string', default: 'auto' },
  },
})

interface Guest {
  readonly name: string
  /** What is on COM1 when it is ready. */
  readonly text: string
  readonly needs: readonly ReturnType<typeof shared>[]
  /** Flags that start it, per emulator. */
  flags(folder: string): Readonly<Record<'vitrine' | 'qemu' | 'v86', readonly string[]>>
}

const kernel = shared('guests/vmlinuz-686')
const initrd = shared('guests/initrd-686-small.gz')
const floppy = shared('guests/freedos722.img')
const mcopy = tool('mcopy')
const append = 'console=ttyS0 quiet cryptomgr.notests'

const GUESTS: readonly Guest[] = [
  {
    name: 'linux',
    text: 'GUEST-READY',
    needs: [kernel, initrd],
    flags() {
      const files = [pathOf(kernel), pathOf(initrd), append] as const
      const named = (...names: string[]) => files.flatMap((file, i) => [names[i]!, file])
      return {
        vitrine: named('--kernel', '--initrd', '--append'),
        qemu: named('-kernel', '-initrd', '-append'),
        v86: named('--kernel', '--initrd', '--append'),
      }
    },
  },
  {
    name: 'freedos',
    text: 'DOS-READY',
    needs: [floppy, mcopy],
    flags(folder) {
      const image = join(folder, 'freedos.img')
      copyFileSync(pathOf(floppy), image)
      const file = join(folder, 'AUTOEXEC.BAT')
      const tools = (...argv: string[]) => spawnSync(pathOf(mcopy), ['-i', image, ...argv], { encoding: 'latin1' })
      const present = tools('::AUTOEXEC.BAT', '-').stdout
      writeFileSync(file, `${present.trimEnd()}\r\necho DOS-READY>COM1\r\n`, 'latin1')
      tools('-o', file, '::AUTOEXEC.BAT')
      return {
        vitrine: ['--fda', image, '--boot', 'a'],
        qemu: ['-drive', `format=raw,file=${image},if=floppy,snapshot=on`, '-boot', 'a'],
        v86: ['--fda', image],
      }
    },
  },
]

/** Seconds of one start, or undefined when the text does not come. */
function start({ argv, cwd }: Contender, text: string): number | undefined {
  const timer = pathOf(shared('bench/time-until.mjs'))
  const { stdout } = spawnSync(process.execPath, [timer, text, '--', ...argv], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    ...(cwd === undefined ? {} : { cwd }),
  })
  const seconds = Number(stdout.trim().split('\n')[0])
  return Number.isFinite(seconds) && stdout.trim() !== '' ? seconds : undefined
}

function measure(guest: Guest, folder: string): void {
  const absent = [...guest.needs, shared('bench/time-until.mjs')].filter(({ path }) => path === undefined)
  if (absent.length) {
    console.error(`Without ${guest.name}: ${absent.map(({ what }) => what).join(', ')} is missing.`)
    return
  }
  const flags = guest.flags(folder)
  const list: Contender[] = [vitrine('vitrine', root, flags.vitrine, ['--engine', values.engine])]
  const finders: Record<string, () => Found> = { qemu: () => findQemu(flags.qemu), v86: () => findV86(flags.v86) }
  for (const name of values.peers.split(',').filter(Boolean)) {
    const found = finders[name]?.() ?? { name, missing: 'a peer of that name' }
    if ('missing' in found) console.error(`Without ${name}: ${found.missing} is missing.`)
    else list.push(found)
  }
  const before = loadNow()
  const seconds: (number | undefined)[][] = list.map(() => [])
  for (let round = 0; round < Number(values.rounds); round++)
    for (const [i, contender] of list.entries()) seconds[i]!.push(start(contender, guest.text))
  const medians = seconds.map((all) => median(all.map((x) => x ?? Number.POSITIVE_INFINITY)))
  console.log(`${guest.name} until ${guest.text} (load ${before} before, ${loadNow()} at the end):`)
  for (const [i, { name, version }] of list.entries()) {
    const each = seconds[i]!.map((x) => x?.toFixed(2) ?? 'not seen').join(', ')
    console.log(
      `  ${name.padEnd(8)} ${medians[i]!.toFixed(2).padStart(7)} s  ${(medians[0]! / medians[i]!).toFixed(2)}×  (${each}; ${version})`,
    )
  }
}

const folder = mkdtempSync(join(tmpdir(), 'vitrine-boot-'))
try {
  for (const guest of GUESTS) if (values.guests.split(',').includes(guest.name)) measure(guest, folder)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
