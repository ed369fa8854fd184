/** The window with fake machines: what a user does in the library and in a console, and what becomes of it. */
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { chromiumNeed, dropFiles, launchChromium, openPage } from '../support/chromium.ts'
import { serveFakeApp } from '../support/fake-app.ts'
import { describeWith } from '../support/needs.ts'

/** A floppy image: 1.44 MB with a boot sector's signature. */
function floppyImage(): Uint8Array {
  const bytes = new Uint8Array(1440 * 1024)
  bytes.set([0xeb, 0x3c, 0x90])
  bytes.set([0x55, 0xaa], 510)
  return bytes
}

const LIBRARY = '.zone'

describeWith([chromiumNeed], 'the window', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchChromium()
  })
  afterAll(() => browser?.close())

  test('an empty library takes a dropped image, which becomes a machine that starts with a double-click', async () => {
    const { url, client } = await serveFakeApp()
    const { page, picture } = await openPage(browser, url)
    await page.getByText('Drop a disk image here').waitFor()
    await picture('1-empty')
    await dropFiles(page, LIBRARY, [{ name: 'Old_System.img', bytes: floppyImage() }])
    const card = page.getByRole('button', { name: /^Old System, Off/ })
    await card.waitFor()
    await picture('2-card')
    await card.dblclick()
    await page.getByRole('application', { name: 'Screen of Old System' }).waitFor()
    await page.locator('[data-captured=true]').waitFor()
    await page.keyboard.type('hello')
    const [machine] = await client.api.library.list({})
    if (machine?.kind !== 'machine') throw new Error('There is no machine')
    await expect
      .poll(async () => (await client.api.machine.screenText({ id: machine.id })).lines.join('\n'))
      .toContain('hello')
    await page.getByText('320 × 200').waitFor()
    await picture('3-console')
    await page.keyboard.press('ControlRight')
    await expect.poll(() => page.locator('[data-captured=true]').count()).toBe(0)
    await page.getByRole('button', { name: 'Power off' }).click()
    await picture('4-question')
    await page.getByRole('dialog').getByRole('button', { name: 'Power off' }).click()
    await page.getByRole('heading', { name: 'Powered off' }).waitFor()
    await picture('5-off')
  })
})
