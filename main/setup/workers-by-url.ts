/**
 * A Vite plugin for Node bundles. Sources name a thread as `new URL('../worker/vm-thread.ts', import.meta.url)`; Vite
 * follows such addresses in pages only. Here the thread becomes a chunk of its own, and an address into `assets/` goes
 * on pointing at the asset.
 */
import { posix, relative, resolve, sep } from 'node:path'
import type { Plugin } from 'vite'

const address = /new URL\(\s*'([^']+)',\s*import\.meta\.url,?\s*\)/g

/**
 * @param root folder of package.json
 * @returns the plugin; bundles are expected two folders below `root`
 */
export function workersByUrl(root: string): Plugin {
  return {
    name: 'vitrine:workers-by-url',
    apply: 'build',
    enforce: 'pre',
    transform: {
      filter: { id: /\.ts$/, code: 'import.meta.url' },
      handler(code, id) {
        const replaced = code.replaceAll(address, (_, path: string) => {
          const target = resolve(id, '..', path)
          if (path.endsWith('.ts')) {
            const chunk = this.emitFile({ type: 'chunk', id: target })
            return `new URL(import.meta.ROLLDOWN_FILE_URL_${chunk})`
          }
          const fromBundle = posix.join('../..', relative(root, target).split(sep).join('/'))
          return `new URL('${fromBundle}${path.endsWith('/') ? '/' : ''}', import.meta.url)`
        })
        // No line moves: the map of the step before holds.
        return { code: replaced, map: null }
      },
    },
    // Vite's own answer is an address on a web server.
    resolveFileUrl: ({ relativePath }) => `new URL('${relativePath}', import.meta.url).href`,
  }
}
