/** The system's Chromium, driven by Playwright; what it finds wrong on a page fails the test. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { expect, onTestFinished } from 'vitest'
import { pathOf } from './needs.ts'
import { chromium as findChromium } from './tools.ts'

export const chromiumNeed = findChromium()

/** Screenshots of every step, to look at. */
const pictures = join(import.meta.dirname, '../../.cache/screenshots')

export async function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: pathOf(chromiumNeed),
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-default-apps',
      '--disable-sync',
      '--no-default-browser-check',
    ],
  })
}

export interface OpenPage {
  readonly page: Page
  readonly context: BrowserContext
  /** Saves a picture of the page as `name`. */
  picture(name: string): Promise<void>
}

/**
 * Opens `url` in a context of its own. When the test ends, it fails if the page has reported an error: an exception, a
 * violation of its content security policy, a failed request.
 */
export async function openPage(
  browser: Browser,
  url: string,
  options: { colorScheme?: 'light' | 'dark'; width?: number; height?: number } = {},
): Promise<OpenPage> {
  const { colorScheme = 'dark', width = 1280, height = 800 } = options
  const context = await browser.newContext({ viewport: { width, height }, colorScheme, acceptDownloads: true })
  await context.grantPermissions(['clipboard-read', 'clipboard-write'])
  const page = await context.newPage()
  const problems: string[] = []
  page.on('pageerror', (error) => problems.push(String(error)))
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text())
  })
  onTestFinished(async () => {
    await context.close()
    expect(problems).toEqual([])
  })
  await page.goto(url)
  mkdirSync(pictures, { recursive: true })
  return {
    page,
    context,
    picture: async (name) => void (await page.screenshot({ path: join(pictures, `${name}.png`) })),
  }
}

/** Drops files on the element at `selector`, as a drag from the desktop does. */
export async function dropFiles(
  page: Page,
  selector: string,
  files: readonly { name: string; bytes: Uint8Array }[],
): Promise<void> {
  const packed = files.map(({ name, bytes }) => ({ name, base64: Buffer.from(bytes).toString('base64') }))
  const transfer = await page.evaluateHandle((list) => {
    const data = new DataTransfer()
    for (const { name, base64 } of list)
      data.items.add(new File([Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))], name))
    return data
  }, packed)
  for (const type of ['dragenter', 'dragover', 'drop'])
    await page.dispatchEvent(selector, type, { dataTransfer: transfer })
}
