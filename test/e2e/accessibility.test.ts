/** Every panel in both themes, wide and narrow: no violation that axe finds, and nothing that sticks out of the window. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { axeViolations } from '../support/axe.ts'
import { chromiumNeed, launchChromium, openPage } from '../support/chromium.ts'
import { serveFakeApp } from '../support/fake-app.ts'
import { describeWith } from '../support/needs.ts'

/** Whether anything makes the page wider than the window. */
async function overflow(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
}

describeWith([chromiumNeed], 'accessibility', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchChromium()
  })
  afterAll(() => browser?.close())

  for (const colorScheme of ['light', 'dark'] as const)
    for (const [width, height] of [
      [1280, 800],
      [800, 600],
    ] as const)
      test(`${colorScheme}, ${width} × ${height}: every panel`, async () => {
        const { url, client } = await serveFakeApp()
        const found: Record<string, string[]> = {}
        const { page, picture } = await openPage(browser, url, { colorScheme, width, height })
        const check = async (name: string) => {
          found[name] = await axeViolations(page)
          if ((await overflow(page)) > 0) found[name].push('wider than the window')
          await picture(`panel-${name}-${colorScheme}-${width}`)
        }
        await page.getByText('Drop a disk image here').waitFor()
        await check('empty')

        const { id } = await client.api.library.create({
          settings: {
            name: 'Windows 98 with a name that is longer than its card',
            notes: 'For the scanner',
            tags: ['office', 'keep'],
            memoryMib: 8,
            drives: [
              { slot: 'fda', kind: 'floppy' },
              { slot: 'hdc', kind: 'cdrom' },
            ],
          },
        })
        await client.api.library.create({ settings: { name: 'Beta', memoryMib: 8 } })
        await client.api.machine.start({ id })
        await client.api.snapshot.take({ id, name: 'Before the driver' })
        await page.getByRole('button', { name: /^Windows 98.*Running/ }).waitFor()
        for (const view of ['List', 'Grid']) {
          await page.getByRole('button', { name: view, exact: true }).click()
          await check(`library-${view.toLowerCase()}`)
        }
        await page.goto(`${new URL(url).origin}/#/console/${id}`)
        const panels = page.getByRole('navigation', { name: /^Panels of/ }).getByRole('button')
        await panels.first().waitFor()
        const names = await panels.allTextContents()
        expect(names).toContain('Snapshots')
        for (const name of names) {
          const panel = name.trim().toLowerCase()
          await panels.filter({ hasText: name }).click()
          await page.locator(`nav button[aria-current=page]`, { hasText: name }).waitFor()
          if (panel === 'snapshots') await page.locator('[data-snapshot] .main').click()
          await check(panel)
        }
        await page.getByRole('button', { name: 'This computer' }).first().click()
        await page.getByRole('heading', { name: 'This computer' }).waitFor()
        await check('host')
        await page.goto(`${new URL(url).origin}/#/`)
        await page.getByRole('button', { name: 'New machine' }).click()
        await page.getByRole('option', { name: 'Windows 98' }).click()
        await check('gallery')
        await page.getByRole('button', { name: 'Choose the details' }).click()
        await page.getByLabel('Memory, MiB').waitFor()
        await check('wizard')
        await page.keyboard.press('Escape')
        await page.getByRole('button', { name: 'Actions for Beta' }).click()
        await page.getByRole('menuitem', { name: 'Rename' }).click()
        await page.getByRole('textbox', { name: 'Notes' }).waitFor()
        await check('properties')
        expect(Object.fromEntries(Object.entries(found).filter(([, violations]) => violations.length > 0))).toEqual({})
      })
})
