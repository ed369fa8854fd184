/**
 * What a machine costs that does nothing: `node test/bench/idle.ts [--seconds N] [--only dos|linux|memory]`. Prints the share of
 * one core that the whole process takes at a prompt of FreeDOS and of Linux under each firmware, with the host's clock, and its
 * memory beyond the guest's own when a guest of 256 MiB has used nearly all of it. Linux only: reads /proc.
 */
import { spawn } from 'node:child_process'
import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { FIRMWARES } from '../support/firmwares.ts'
import { pathOf } from '../support/needs.ts'
import { shared } from '../support/shared.ts'
import { cpuSeconds, residentMib } from './host-process.ts'

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '10' }, only: { type: 'string' } } })
const seconds = Number(values.seconds)
const command = join(import.meta.dirname, '../../main/cli/vitrine.mjs')
const MEMORY_MIB = 256
/** What the guest is made to write to its memory. */
const FILLED_MIB = 210

/** Runs a machine through `script`, then measures it, then ends it. */
async function measure(flags: readonly string[], script: readonly string[], work: (pid: number) => Promise<string>) {
  const folder = mkdtempSync(join(tmpdir(), 'vitrine-idle-'))
  const ready = join(folder, 'ready.png')
  const file = join(folder, 'script.txt')
  writeFileSync(file, [...script, `screenshot ${ready}`, 'sleep 3600', ''].join('\n'))
  const all = ['run', '--display', 'none', ...flags, '--script', file]
  const child = spawn(process.execPath, [command, ...all], { stdio: ['ignore', 'ignore', 'inherit'] })
  try {
    while (!existsSync(ready)) {
      if (child.exitCode !== null) return `ended with status ${child.exitCode}`
      await delay(200)
    }
    await delay(3000)
    return await work(child.pid!)
  } finally {
    child.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
}

async function idleShare(pid: number): Promise<string> {
  const before = cpuSeconds(pid)
  await delay(seconds * 1000)
  return `${(((cpuSeconds(pid) - before) / seconds) * 100).toFixed(1)} % of a core`
}

const kernel = pathOf(shared('guests/vmlinuz-686'))
const initrd = pathOf(shared('guests/initrd-686-small.gz'))
const append = 'console=tty0 console=ttyS0 quiet cryptomgr.notests'
const linux = ['--memory', String(MEMORY_MIB), '--kernel', kernel, '--initrd', initrd, '--append', append]
const linuxReady = ['wait "GUEST-READY" 600']
const show = (what: string, figure: string) => console.log(`${what.padEnd(36)} ${figure}`)

for (const { name, flags } of FIRMWARES) {
  if (!values.only || values.only === 'dos') {
    const floppy = join(mkdtempSync(join(tmpdir(), 'vitrine-idle-')), 'dos.img')
    copyFileSync(pathOf(shared('guests/freedos722.img')), floppy)
    const dos = ['--memory', '32', '--fda', floppy, '--boot', 'a', ...flags]
    show(`FreeDOS under ${name}`, await measure(dos, [String.raw`wait "A:\\>" 120`], idleShare))
    rmSync(join(floppy, '..'), { recursive: true })
  }
  if (!values.only || values.only === 'linux')
    show(`Linux under ${name}`, await measure([...linux, ...flags], linuxReady, idleShare))
}
if (!values.only || values.only === 'memory') {
  const fill = String.raw`serial "dd if=/dev/zero of=/fill bs=1M count=${FILLED_MIB}; echo FILLED-$((6*7))\n"`
  const figure = await measure(linux, [...linuxReady, fill, 'wait "FILLED-42" 600'], async (pid) => {
    const mib = residentMib(pid)
    return `${mib.toFixed(0)} MiB resident, ${(mib - MEMORY_MIB).toFixed(0)} beyond ${MEMORY_MIB} (at most ${(mib - FILLED_MIB).toFixed(0)})`
  })
  show(`Memory of ${MEMORY_MIB} MiB of Linux`, figure)
}
