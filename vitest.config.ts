import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vitest/config'

/** Tests that boot guests or drive a browser take minutes; the others take seconds. */
const slowMs = 600_000
/** How long threads and processes may take to come up on a busy computer. */
const busyMs = 30_000

const setupFiles = ['test/support/no-leaks.ts']

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          setupFiles,
          include: ['test/**/*.test.ts'],
          exclude: ['test/renderer/**', 'test/guests/**', 'test/e2e/**'],
          testTimeout: busyMs,
          hookTimeout: busyMs,
          expect: { poll: { timeout: busyMs } },
        },
      },
      {
        // The client build of Svelte, so that runes are live in tests of view-models.
        plugins: [svelte({ configFile: false })],
        resolve: { conditions: ['browser'] },
        test: { name: 'renderer', include: ['test/renderer/**/*.test.ts'] },
      },
      {
        test: {
          name: 'guests',
          setupFiles,
          include: ['test/guests/**/*.test.ts'],
          testTimeout: slowMs,
          hookTimeout: slowMs,
        },
      },
      {
        test: {
          name: 'e2e',
          setupFiles,
          globalSetup: 'test/e2e/build-page.ts',
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: slowMs,
          hookTimeout: slowMs,
          expect: { poll: { timeout: busyMs } },
        },
      },
    ],
  },
})
