/**
 * Finds the Node that Vitrine is written for and runs a script with it. The npm package `node`, a dependency, brings
 * the binary: tail calls and SIMD of its V8 are relied upon, and it runs TypeScript as it is.
 *
 * Runs on any Node from 20.19 on, with nothing installed.
 */
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'

const require = createRequire(import.meta.url)

/** Oldest major version that runs Vitrine itself. */
export const requiredMajor = 26

/** Whether the running process is new enough to run Vitrine itself. */
export function isPinnedNode() {
  return Number(process.versions.node.split('.')[0]) >= requiredMajor
}

/**
 * Path of the dependency's binary.
 *
 * @returns {string | undefined} undefined when the package is not installed, or its installation was not completed
 */
export function pinnedNodePath() {
  let folder
  try {
    folder = dirname(require.resolve('node/package.json'))
  } catch {
    return undefined
  }
  const path = join(folder, 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
  return existsSync(path) ? path : undefined
}

/**
 * Version of the dependency `node` that package.json asks for.
 *
 * @param {string} root folder of package.json
 */
export function pinnedNodeVersion(root) {
  return JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).dependencies.node
}

/**
 * Runs a script with the given Node on this terminal, hands signals on to it, and ends this process as the script ends.
 *
 * @param {string} node path of the binary
 * @param {string[]} argv script and its arguments
 */
export function becomeNode(node, argv) {
  const child = spawn(node, argv, { stdio: 'inherit' })
  /** @type {NodeJS.Signals[]} */
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']
  for (const signal of signals) {
    process.on(signal, () => {
      // A terminal has already sent Ctrl-C to the child, as to its whole process group.
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
    })
  }
  child.on('error', (error) => {
    console.error(`Cannot run ${node}: ${error.message}`)
    process.exit(1)
  })
  child.on('exit', (code, signal) => {
    process.exit(signal ? 128 + constants.signals[signal] : (code ?? 1))
  })
}
