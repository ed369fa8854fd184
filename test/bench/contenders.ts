/** The emulators that the benchmark disk is timed on, as far as this computer has them. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Need } from '../support/needs.ts'
import { pathOf } from '../support/needs.ts'
import { shared } from '../support/shared.ts'
import { seabios, tool } from '../support/tools.ts'

/** Memory of every machine, in MiB. */
export const MEMORY_MIB = 256

export interface Contender {
  readonly name: string
  /** What it is exactly: a version, a revision. */
  readonly version: string
  /** A command that has COM1 on its standard output. */
  readonly argv: readonly string[]
  readonly cwd?: string
}

/** A contender, or why there is none. */
export type Found = Contender | { readonly name: string; readonly missing: string }

export const root = join(import.meta.dirname, '../..')

/** First line that a command prints. */
export function firstLine(command: string, ...argv: string[]): string {
  return (spawnSync(command, argv, { cwd: root, encoding: 'utf8' }).stdout ?? '').split('\n')[0]?.trim() ?? ''
}

/** Vitrine from the checkout in `folder`, built as users have it, with `machine` and other flags of `vitrine run`. */
export function vitrine(
  name: string,
  folder: string,
  machine: readonly string[],
  flags: readonly string[] = [],
): Contender {
  spawnSync(process.execPath, [join(folder, 'main/setup/build.ts')], { cwd: folder, stdio: 'inherit' })
  const argv = [
    process.execPath,
    join(folder, 'main/cli/vitrine.mjs'),
    ...['run', '--memory', String(MEMORY_MIB), '--snapshot', '--display', 'none', '--serial', 'stdio'],
    ...machine,
    ...flags,
  ]
  const changed = spawnSync('git', ['status', '--porcelain', '--', 'core', 'worker', 'main'], {
    cwd: folder,
    encoding: 'utf8',
  })
  const revision = spawnSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: folder, encoding: 'utf8' }).stdout?.trim()
  return { name, version: `${revision}${changed.stdout ? ' and changes' : ''} ${flags.join(' ')}`.trim(), argv }
}

function missing(name: string, needs: readonly Need[]): { name: string; missing: string } | undefined {
  const absent = needs.filter(({ path }) => path === undefined)
  return absent.length ? { name, missing: absent.map(({ what }) => what).join(', ') } : undefined
}

/** How v86 is started with `machine`, flags of peer-v86.mjs; or why it cannot be. */
export function findV86(machine: readonly string[]): Found {
  const folder = v86Folder()
  const starter = shared('bench/peer-v86.mjs')
  const firmware = [seabios('bios.bin'), seabios('vgabios-stdvga.bin')]
  const what = 'the npm package v86 (in this folder, or in the one that VITRINE_V86 names)'
  const absent = missing('v86', [{ what, path: folder }, starter, ...firmware])
  if (absent || !folder) return absent ?? { name: 'v86', missing: what }
  const [bios, video] = firmware.map(pathOf)
  const manifest = readFileSync(join(folder, 'node_modules/v86/package.json'), 'utf8')
  const { version } = JSON.parse(manifest) as { version: string }
  const argv = [process.execPath, pathOf(starter), '--bios', bios!, '--vga-bios', video!, ...machine]
  return { name: 'v86', version: `v86 ${version}, node ${process.versions.node}`, argv, cwd: folder }
}

/** How QEMU is started with `machine`, flags of its own; or why it cannot be. */
export function findQemu(machine: readonly string[]): Found {
  const program = tool('qemu-system-i386')
  const absent = missing('qemu', [program])
  if (absent) return absent
  const path = pathOf(program)
  const argv = [path, '-accel', 'tcg', '-m', String(MEMORY_MIB), ...machine, '-serial', 'stdio', '-display', 'none']
  return { name: 'qemu', version: firstLine(path, '--version'), argv }
}

/** The folder in whose node_modules the npm package v86 is: VITRINE_V86, or the one we are called in. */
function v86Folder(): string | undefined {
  for (const folder of [process.env['VITRINE_V86'], process.cwd()])
    if (folder && existsSync(join(folder, 'node_modules/v86/package.json'))) return folder
  return undefined
}

/** The kernels as a program of this computer, made in `folder`. */
function native(folder: string): Found {
  const source = shared('bench/guest/native.sh')
  const compiler = tool('gcc')
  const absent = missing('native', [source, compiler])
  if (absent) return absent
  if (process.platform !== 'linux' || process.arch !== 'x64') return { name: 'native', missing: 'Linux on x86-64' }
  const path = join(folder, 'native')
  const { status, stderr } = spawnSync('sh', [pathOf(source), '1', path], { encoding: 'utf8' })
  if (status !== 0)
    return { name: 'native', missing: `a gcc that makes 32-bit programs (${stderr.trim().split('\n')[0]})` }
  return { name: 'native', version: firstLine(pathOf(compiler), '--version'), argv: [path] }
}

export const PEERS = ['v86', 'qemu', 'native'] as const
export type Peer = (typeof PEERS)[number]

/** A peer as this computer has it. `folder` is for what has to be built. */
export function findPeer(name: Peer, disk: string, folder: string): Found {
  if (name === 'v86') return findV86(['--hda', disk])
  if (name === 'qemu') return findQemu(['-drive', `format=raw,file=${disk},if=ide,snapshot=on`])
  return native(folder)
}
