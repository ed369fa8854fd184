/** FreeDOS, dropped on an empty library and used through the window. */
import { readFileSync } from 'node:fs'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { chromiumNeed, dropFiles, launchChromium, openPage } from '../support/chromium.ts'
import { describeWith, pathOf } from '../support/needs.ts'
import { onlyScreen, serveRealApp } from '../support/real-app.ts'
import { shared } from '../support/shared.ts'

const image = shared('guests/freedos722.img')

describeWith([chromiumNeed, image], 'FreeDOS in the window', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchChromium()
  })
  afterAll(() => browser?.close())

  test('its image is dropped on the library, recognised, made and started with one click, and lists its files', async () => {
    const { url, client } = await serveRealApp({ welcome: false })
    const { page, picture } = await openPage(browser, url)
    await page.getByText('Drop a disk image here').waitFor()
    await dropFiles(page, '.zone', [{ name: 'freedos722.img', bytes: readFileSync(pathOf(image)) }])
    await page.getByTestId('system').getByText('FreeDOS').waitFor()
    await page.getByText('It holds KERNEL.SYS and COMMAND.COM').waitFor()
    await page.getByText('Limited to the speed of a Pentium').waitFor()
    await picture('freedos-0-proposal')
    await page.getByRole('button', { name: 'Create and start' }).click()
    await page.getByRole('application', { name: 'Screen of FreeDOS' }).waitFor()
    await page.locator('[data-captured=true]').waitFor()
    const screen = () => onlyScreen(client)
    await expect.poll(screen, { timeout: 120_000 }).toMatch(/A:\\.*>\s*$/)
    await picture('freedos-1-prompt')
    await page.keyboard.type('dir')
    await page.keyboard.press('Enter')
    await expect.poll(screen, { timeout: 60_000 }).toMatch(/bytes free[\s\S]*>\s*$/)
    await picture('freedos-2-dir')
    expect(await screen()).toMatch(/COMMAND\s+COM/)
  })
})
