/**
 * `npm start`: builds what is stale, then opens Vitrine in the Electron shell where its binary and a display are
 * there, else in the browser shell, and says which and why.
 *
 *     npm start -- [electron|browser] [ARGUMENT...]
 *
 * Names the shell that must open; further arguments go to it: to Electron, or to `vitrine serve`.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildIfStale } from './build.ts'
import { becomeNode } from './pinned-node.mjs'

const root = join(import.meta.dirname, '../..')
const electronFolder = join(root, 'node_modules/electron')

/** Where Electron's binary is, or undefined when it was not downloaded. */
function electronBinary(): string | undefined {
  const record = join(electronFolder, 'path.txt')
  if (!existsSync(record)) return undefined
  const path = join(
    process.env['ELECTRON_OVERRIDE_DIST_PATH'] ?? join(electronFolder, 'dist'),
    readFileSync(record, 'utf8'),
  )
  return existsSync(path) ? path : undefined
}

/** Electron's package comes without its binary, which is asked for on the first start. */
function downloadElectron(): string | undefined {
  console.error("Downloading Electron's binary ...")
  const { status, stderr } = spawnSync(process.execPath, [join(electronFolder, 'install.js')], { encoding: 'utf8' })
  if (status === 0) return undefined
  const reason = stderr.split('\n').find((line) => line.includes('Error')) ?? 'no reason given'
  return `its binary cannot be downloaded (${reason.trim()})`
}

/** Why the Electron shell cannot open, or undefined when it can; downloads the binary where that is all that is missing. */
function whyNotElectron(argv: readonly string[]): string | undefined {
  if (process.platform === 'linux') {
    if (!process.env['DISPLAY'] && !process.env['WAYLAND_DISPLAY']) return 'there is no display'
    if (process.getuid?.() === 0 && !argv.includes('--no-sandbox')) return 'its sandbox does not run as root'
  }
  if (!existsSync(electronFolder)) return 'it is not installed'
  if (electronBinary()) return undefined
  return downloadElectron()
}

const shells = ['electron', 'browser'] as const
const [first, ...others] = process.argv.slice(2)
const wanted = shells.find((shell) => shell === first)
const rest = wanted || first === undefined ? others : [first, ...others]

await buildIfStale()

const reason = wanted === 'browser' ? 'as asked' : whyNotElectron(rest)
const electron = electronBinary()
if (reason === undefined && electron) {
  console.error('Opening Vitrine in Electron.')
  becomeNode(electron, [root, ...rest])
} else if (wanted === 'electron') {
  console.error(`Cannot open Vitrine in Electron: ${reason}.`)
  process.exitCode = 1
} else {
  console.error(`Opening Vitrine in the browser${wanted ? '' : ` instead of Electron: ${reason}`}.`)
  becomeNode(process.execPath, [join(root, 'main/cli/vitrine.mjs'), 'serve', '--open', ...rest])
}
