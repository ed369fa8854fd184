/** A first start, as a user has it: the demo machine is there, starts with a double-click, and keeps what is written in it. */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { chromiumNeed, launchChromium, openPage } from '../support/chromium.ts'
import { describeWith } from '../support/needs.ts'
import { onlyScreen, serveRealApp } from '../support/real-app.ts'

const image = fileURLToPath(new URL('../../assets/demo/demo.img', import.meta.url))
const NOTE = 'glass case 42'

describeWith([chromiumNeed], 'the demo machine in the window', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchChromium()
  })
  afterAll(() => browser?.close())

  test('shows its welcome screen, and keeps a note through power-off and start', async () => {
    expect(existsSync(image)).toBe(true)
    const { url, client } = await serveRealApp({ welcome: true })
    const { page, picture } = await openPage(browser, url)
    const screen = () => onlyScreen(client)
    const shows = (text: string) => expect.poll(screen, { timeout: 60_000 }).toContain(text)

    const card = page.getByRole('button', { name: /^Vitrine Demo, Off/ })
    await card.waitFor()
    await picture('demo-1-library')
    await card.dblclick()
    await page.locator('[data-captured=true]').waitFor()
    await shows('Welcome to Vitrine')
    await shows('Boots: 1')
    // A guest that waits for a key is at rest, and the window says so.
    await page.getByText(/^Idle (?:[5-9][0-9]|100) %$/).waitFor()
    await picture('demo-2-welcome')

    await page.keyboard.press('6')
    await shows('Your note')
    await page.keyboard.type(NOTE)
    await shows(NOTE)
    await page.keyboard.press('F2')
    await shows('Saved')
    await picture('demo-3-notepad')

    await page.keyboard.press('ControlRight')
    await page.getByRole('button', { name: 'Power off' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Power off' }).click()
    await page.getByRole('heading', { name: 'Powered off' }).waitFor()
    await picture('demo-4-off')

    await page.getByRole('toolbar').getByRole('button', { name: 'Start' }).click()
    await shows('Boots: 2')
    await shows(NOTE)
    await page.keyboard.press('6')
    await shows('Your note')
    await shows(NOTE)
    await picture('demo-5-found-again')

    await page.keyboard.press('Escape')
    await shows('Welcome to Vitrine')
    // What the page sets its oscillator to.
    await page.evaluate(() => {
      const tones = new Set<number>()
      const set = AudioParam.prototype.setValueAtTime
      AudioParam.prototype.setValueAtTime = function (value, time) {
        document.body.dataset['tones'] = String(tones.add(Math.round(value)).size)
        return set.call(this, value, time)
      }
    })
    await page.keyboard.press('5')
    await expect
      .poll(() => page.evaluate(() => Number(document.body.dataset['tones'] ?? 0)), { timeout: 60_000 })
      .toBeGreaterThan(3)
    await page.keyboard.press('Escape')
    await shows('Welcome to Vitrine')

    await page.getByRole('button', { name: /^Vitrine ?Library/ }).click()
    await page.getByRole('button', { name: /^Vitrine Demo, Running/ }).waitFor()
    // The picture of an empty screen packs into less.
    const source = () => page.locator('[data-machine] img').getAttribute('src')
    await expect.poll(async () => (await source())?.length ?? 0, { timeout: 30_000 }).toBeGreaterThan(4000)
    await picture('demo-6-running')
  })
})
