#!/usr/bin/env node
/**
 * The command `vitrine`. Runs on any Node from 20.19 on: an older one than Vitrine is written for hands over to the
 * package `node`, a dependency. An installed package runs from its bundle, and so does a checkout whose bundle is of its present
 * sources, which starts in half the time; else it runs from the sources (always with VITRINE_FROM_SOURCES=1).
 */
import { existsSync } from 'node:fs'
import module from 'node:module'
import { fileURLToPath } from 'node:url'
import { isBuildFresh } from '../setup/fresh-build.mjs'
import { becomeNode, isPinnedNode, pinnedNodePath, requiredMajor } from '../setup/pinned-node.mjs'

const source = new URL('./main.ts', import.meta.url)
const bundle = new URL('../../dist/host/cli.js', import.meta.url)

function runsFromSources() {
  if (!existsSync(source)) return false
  return process.env.VITRINE_FROM_SOURCES === '1' || !isBuildFresh(fileURLToPath(new URL('../..', import.meta.url)))
}

if (isPinnedNode()) {
  module.enableCompileCache()
  await import((runsFromSources() ? source : bundle).href)
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
