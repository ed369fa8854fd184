#!/usr/bin/env node
/**
 * The command `vitrine`. Runs on any Node from 20.19 on: an older one than Vitrine is written for hands over to the
 * package `node`, a dependency. A checkout runs from its sources, an installed package from its bundle.
 */
import { existsSync } from 'node:fs'
import module from 'node:module'
import { fileURLToPath } from 'node:url'
import { becomeNode, isPinnedNode, pinnedNodePath, requiredMajor } from '../setup/pinned-node.mjs'

const source = new URL('./main.ts', import.meta.url)
const bundle = new URL('../../dist/host/cli.js', import.meta.url)

if (isPinnedNode()) {
  module.enableCompileCache()
  await import((existsSync(source) ? source : bundle).href)
} else {
  const node = pinnedNodePath()
  if (node) becomeNode(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)])
  else {
    console.error(
      `Vitrine needs Node ${requiredMajor}, this is ${process.versions.node}: run npm start once, or npm ci, in its folder.`,
    )
    process.exitCode = 1
  }
}
