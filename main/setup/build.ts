/**
 * Builds what does not run from its sources: `dist/renderer` (the page) and `dist/host` (command line, Electron shell
 * with its preload, threads). `npm run build`; `npm start` calls it when a source is newer than the last build.
 */
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { svelte } from '@sveltejs/vite-plugin-svelte'
import { build, type InlineConfig } from 'vite'
import { buildStamp, isBuildFresh } from './fresh-build.mjs'
import { workersByUrl } from './workers-by-url.ts'

const root = join(import.meta.dirname, '../..')

/** What both builds share: Vite reads no configuration file, and speaks only of what is wrong. */
const common: InlineConfig = { configFile: false, logLevel: 'warn', clearScreen: false }

/** Builds the page alone: what tests of it need. */
export async function buildRenderer(): Promise<void> {
  await build({
    ...common,
    root: join(root, 'renderer'),
    base: './',
    publicDir: false,
    plugins: [svelte({ configFile: false })],
    build: { outDir: join(root, 'dist/renderer'), emptyOutDir: true, target: 'esnext', chunkSizeWarningLimit: 1500 },
  })
}

/** Bundles Node code. Packages of `dependencies` stay outside: they are installed beside the bundle. */
async function buildHost(entries: Record<string, string>, format: 'es' | 'cjs'): Promise<void> {
  if (Object.keys(entries).length === 0) return
  await build({
    ...common,
    root,
    plugins: [workersByUrl(root)],
    build: {
      ssr: true,
      target: 'esnext',
      outDir: join(root, 'dist/host'),
      emptyOutDir: false,
      sourcemap: true,
      rolldownOptions: {
        input: entries,
        external: ['electron'],
        output: {
          format,
          entryFileNames: `[name].${format === 'cjs' ? 'cjs' : 'js'}`,
          chunkFileNames: '[name]-[hash].js',
        },
      },
    },
  })
}

/** Entries whose file exists. */
function present(entries: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(entries).filter(([, path]) => existsSync(join(root, path))))
}

async function buildAll(): Promise<void> {
  rmSync(join(root, 'dist'), { recursive: true, force: true })
  mkdirSync(join(root, 'dist'))
  if (existsSync(join(root, 'renderer/index.html'))) await buildRenderer()
  await buildHost(present({ cli: 'main/cli/main.ts', electron: 'main/shells/electron/main.ts' }), 'es')
  // A sandboxed preload script must be CommonJS.
  await buildHost(present({ preload: 'main/shells/electron/preload.ts' }), 'cjs')
  writeFileSync(join(root, buildStamp), '')
}

/** Builds when something changed since the last build. */
export async function buildIfStale(): Promise<void> {
  if (isBuildFresh(root)) return
  console.error('Building ...')
  await buildAll()
}

if (import.meta.main) await buildAll()
