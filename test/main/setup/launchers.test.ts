import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { delimiter, join } from 'node:path'
import { expect, test } from 'vitest'
import { describeWith, type Need, pathOf } from '../../support/needs.ts'
import { inSmallTree, root } from '../../support/small-tree.ts'
import { tool } from '../../support/tools.ts'

const bootstrap = join(root, 'main/setup/bootstrap.mjs')

/** A Node of the system that is older than the pinned one. */
function oldNode(): Need {
  const path = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => !folder.includes('node_modules'))
  const node = tool('node', { path: path.join(delimiter) })
  const version = node.path && spawnSync(node.path, ['--version'], { encoding: 'utf8' }).stdout
  const [, major = 0, minor = 0] = version ? version.split(/[v.]/).map(Number) : []
  const fits = (major > 20 || (major === 20 && minor >= 19)) && major < 26
  return { what: 'a system Node from 20.19 to 25', path: fits ? node.path : undefined }
}

const old = oldNode()

describeWith([old], 'bootstrap on an older Node', () => {
  test('runs TypeScript with the pinned Node and hands on arguments and exit status', () => {
    const script = 'const major: number = parseInt(process.versions.node); console.log(major, ...process.argv.slice(2))'
    const result = inSmallTree(
      [],
      () => ({ 'script.ts': `${script}\nprocess.exit(7)\n` }),
      (folder) =>
        spawnSync(pathOf(old), [bootstrap, join(folder, 'script.ts'), 'a b', '--c'], { encoding: 'utf8', cwd: '/' }),
    )
    expect([result.stdout, result.stderr, result.status]).toEqual(['26 a b --c\n', '', 7])
  })

  test('hands signals on and reports how the script died', async () => {
    const script = "console.log('up'); setInterval(() => {}, 1000)"
    const child = spawn(pathOf(old), [bootstrap, '--eval', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(child.stdout, 'data')
    child.kill('SIGTERM')
    expect(await once(child, 'exit')).toEqual([143, null])
  })
})
