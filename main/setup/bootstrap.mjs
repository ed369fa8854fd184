/**
 * First step of every npm script: installs what is missing, then runs a script of the repository with the pinned Node.
 *
 *     node main/setup/bootstrap.mjs SCRIPT [ARGUMENT...]
 *
 * Runs on any Node from 20.19 on, with nothing installed. Says nothing when there is nothing to install.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { becomeNode, pinnedNodePath, pinnedNodeVersion } from './pinned-node.mjs'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..')

/** @param {string} path */
const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'))

/** Name of the first dependency that is absent or of another version than package.json asks for. */
function firstMissing() {
  const { dependencies, devDependencies } = readJson(join(root, 'package.json'))
  return Object.entries({ ...dependencies, ...devDependencies }).find(([name, version]) => {
    const path = join(root, 'node_modules', name, 'package.json')
    return !existsSync(path) || readJson(path).version !== version
  })?.[0]
}

/**
 * Runs npm: the one that runs us where there is one. Its output goes to standard error, which no script reads.
 *
 * @param {string[]} argv
 */
function npm(argv) {
  const cli = process.env.npm_execpath
  const [command, first] = cli?.endsWith('npm-cli.js') ? [process.execPath, [cli]] : ['npm', []]
  const shell = command === 'npm' && process.platform === 'win32'
  return spawnSync(command, [...first, ...argv], { cwd: root, shell, stdio: ['ignore', 2, 2] }).status === 0
}

function install() {
  const missing = firstMissing()
  if (missing) {
    console.error(`Installing what Vitrine needs (${missing} is missing) ...`)
    if (!npm(['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'])) {
      console.error('Installation failed: npm says why above. Is the network there?')
      process.exit(1)
    }
  }
  if (!pinnedNodePath()) completeNode()
}

/** npm may be set to skip install scripts; the one of the package `node` fetches the binary. */
function completeNode() {
  console.error(`Fetching Node ${pinnedNodeVersion(root)} ...`)
  const folder = join(root, 'node_modules/node')
  spawnSync(process.execPath, ['installArchSpecificPackage.js'], { cwd: folder, stdio: ['ignore', 2, 2] })
  if (pinnedNodePath()) return
  console.error(`The package node ${pinnedNodeVersion(root)} has no binary for ${process.platform} ${process.arch}.`)
  process.exit(1)
}

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Vitrine needs Node 20.19 or newer to install itself; this is ${process.versions.node}.`)
  process.exit(1)
}
install()
const node = pinnedNodePath()
if (!node) throw new Error('Node is installed and cannot be found')
becomeNode(node, process.argv.slice(2))
