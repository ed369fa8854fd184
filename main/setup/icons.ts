/**
 * Draws `assets/icons/icon.png` (1024 × 1024, what electron-builder makes every platform's icons from) from `icon.svg` beside it:
 *
 *     npm run icons
 *
 * Needs Chromium: on the PATH as `chromium`, or where VITRINE_CHROMIUM points.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { chromium } from 'playwright-core'

const size = 1024
const folder = join(import.meta.dirname, '../../assets/icons')
const svg = readFileSync(join(folder, 'icon.svg'), 'utf8')

const browser = await chromium.launch({
  executablePath: process.env['VITRINE_CHROMIUM'] ?? '/usr/bin/chromium',
  args: ['--no-sandbox'],
})
const page = await browser.newPage({ viewport: { width: size, height: size } })
await page.setContent(`<style>body { margin: 0 } svg { display: block; width: ${size}px }</style>${svg}`)
await page.screenshot({ path: join(folder, 'icon.png'), omitBackground: true })
await browser.close()
