/**
 * The first hour of a new user, by mouse alone: FreeDOS is dropped on the empty library, recognised, started; a snapshot is taken, its
 * files are deleted in the guest, and the snapshot brings them back. How long it took is written to `.cache/journey.json`.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { chromiumNeed, dropFiles, launchChromium, openPage } from '../support/chromium.ts'
import { describeWith, pathOf } from '../support/needs.ts'
import { onlyScreen, serveRealApp } from '../support/real-app.ts'
import { shared } from '../support/shared.ts'

const image = shared('guests/freedos722.img')
const cache = join(import.meta.dirname, '../../.cache')

const KEYS: Readonly<Record<string, readonly string[]>> = {
  ' ': ['Space'],
  '*': ['ShiftLeft', 'Digit8'],
  '.': ['Period'],
  '\n': ['Enter'],
}

/** Clicks the keys of the keyboard on the screen. */
async function clickKeys(page: Page, text: string): Promise<void> {
  for (const character of text)
    for (const code of KEYS[character] ?? [`Key${character.toUpperCase()}`])
      await page.locator(`[data-code=${code}]`).click()
}

/** The end of what DIR says. */
const FILES = /(\d+) file\(s\)[\s\S]*bytes free\s*\n\s*\n?A:\\>\s*$/

describeWith([chromiumNeed, image], 'a new user', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchChromium()
  })
  afterAll(() => browser?.close())

  test('drops FreeDOS, starts it, takes a snapshot, deletes everything, and has it back', async () => {
    const { url, client } = await serveRealApp({ welcome: false })
    const { page, picture } = await openPage(browser, url)
    const screen = () => onlyScreen(client)
    const shows = (pattern: RegExp) => expect.poll(screen, { timeout: 120_000 }).toMatch(pattern)
    const steps: [string, number][] = []
    const begunMs = performance.now()
    const step = async (name: string) => {
      steps.push([name, Math.round(performance.now() - begunMs)])
      await picture(`journey-${steps.length}-${name}`)
    }

    await page.getByText('Drop a disk image here').waitFor()
    await step('empty')
    await dropFiles(page, '.zone', [{ name: 'freedos722.img', bytes: readFileSync(pathOf(image)) }])
    await page.getByTestId('system').getByText('FreeDOS').waitFor()
    await step('recognised')
    await page.getByRole('button', { name: 'Create and start' }).click()
    await page.getByRole('application', { name: 'Screen of FreeDOS' }).waitFor()
    await shows(/A:\\.*>\s*$/)
    await step('prompt')

    await page.getByRole('button', { name: 'Take a snapshot' }).click()
    await page.getByText('Snapshot taken: Snapshot 1').waitFor()
    await step('snapshot')

    await page.getByRole('button', { name: 'Keyboard on the screen' }).click()
    await clickKeys(page, 'dir\n')
    await shows(FILES)
    const files = FILES.exec(await screen())?.[1]
    expect(Number(files)).toBeGreaterThan(5)
    await step('files')
    await clickKeys(page, 'cls\ndel *.*\n')
    await shows(/\(Y\/N\)|sure/i)
    await clickKeys(page, 'y\n')
    await shows(/files removed[\s\S]*>\s*$/)
    await clickKeys(page, 'cls\ndir\n')
    await shows(FILES)
    // The one that is left may only be read.
    expect(FILES.exec(await screen())?.[1]).toBe('1')
    await step('deleted')

    await page
      .getByRole('navigation', { name: /^Panels of/ })
      .getByRole('button', { name: 'Snapshots' })
      .click()
    await page.getByRole('button', { name: 'Restore: Snapshot 1' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Restore' }).waitFor()
    await step('restore')
    await page.getByRole('dialog').getByRole('button', { name: 'Restore' }).click()
    await page.getByText('Restored: Snapshot 1').waitFor()
    await page.getByRole('application', { name: 'Screen of FreeDOS' }).waitFor()
    await shows(/A:\\.*>\s*$/)
    await page.getByText('720 × 400').waitFor()
    await step('restored')
    await page.getByRole('button', { name: 'Keyboard on the screen' }).click()
    await clickKeys(page, 'cls\ndir\n')
    await shows(FILES)
    expect(FILES.exec(await screen())?.[1]).toBe(files)
    await step('whole')
    // What was there before is kept as well.
    const [card] = await client.api.library.list({})
    if (card?.kind !== 'machine') throw new Error('There is no machine')
    const { snapshots } = await client.api.snapshot.tree({ id: card.id })
    expect(snapshots.map(({ name }) => name)).toEqual(['Snapshot 1', 'Before Snapshot 1'])
    mkdirSync(cache, { recursive: true })
    writeFileSync(join(cache, 'journey.json'), JSON.stringify(Object.fromEntries(steps), undefined, 2))
  })
})
