/** Snapshots in the window: taken, named, restored, taken back, cloned, deleted, undone. */
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { chromiumNeed, launchChromium, openPage } from '../support/chromium.ts'
import { serveFakeApp } from '../support/fake-app.ts'
import { describeWith } from '../support/needs.ts'

describeWith([chromiumNeed], 'snapshots in the window', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchChromium()
  })
  afterAll(() => browser?.close())

  test('one is taken with a button and with a key, named, restored with the present kept, and that is taken back', async () => {
    const { url, client } = await serveFakeApp()
    const { id } = await client.api.library.create({ settings: { name: 'Alpha', memoryMib: 8 } })
    const { page, picture } = await openPage(browser, `${url}#/snapshots/${id}`, { colorScheme: 'light' })
    await page.getByText('No snapshots yet').waitFor()
    await picture('snapshots-1-none')
    await page.getByRole('button', { name: 'Take a snapshot' }).click()
    await page.locator('[data-snapshot]').waitFor()
    await page.getByLabel('Name').fill('Fresh')
    await page.getByLabel('Name').press('Enter')
    await page.getByLabel('Description').fill('Nothing has happened yet')
    await page.getByLabel('Pin').check()
    await page.locator('.badge', { hasText: 'Pinned' }).waitFor()
    await expect.poll(async () => (await client.api.snapshot.tree({ id })).snapshots[0]?.pinned).toBe(true)
    expect((await client.api.snapshot.tree({ id })).snapshots[0]).toMatchObject({
      name: 'Fresh',
      description: 'Nothing has happened yet',
    })
    expect(await page.getByRole('button', { name: 'Delete' }).isDisabled()).toBe(true)

    await client.api.machine.start({ id })
    await page.getByText('You are here, running').waitFor()
    await page.keyboard.press('F9')
    await page.getByText('Snapshot taken: Snapshot 2').waitFor()
    await expect.poll(() => page.locator('[data-snapshot]').count()).toBe(2)
    await page.locator('[data-here=true]', { hasText: 'With memory' }).waitFor()
    await picture('snapshots-2-two')

    await page.getByRole('button', { name: 'Restore: Fresh' }).click()
    await picture('snapshots-3-restore')
    await page.getByRole('dialog').getByLabel('Start it then').uncheck()
    await page.getByRole('dialog').getByRole('button', { name: 'Restore' }).click()
    await page.getByText('Restored: Fresh').waitFor()
    await page.getByText('The present before is kept as Before Fresh.').waitFor()
    await expect.poll(() => page.locator('[data-snapshot]').count()).toBe(3)
    await expect.poll(() => page.locator('[data-here=true]').textContent()).toContain('Fresh')
    await picture('snapshots-4-restored')
    await page.getByRole('button', { name: 'Undo' }).click()
    await page.getByText('Restored: Before Fresh').waitFor()
    await expect.poll(() => page.locator('[data-here=true]').textContent()).toContain('Before Fresh')
  })

  test('branches stand beside each other; a deletion can be taken back; a clone is a machine of its own', async () => {
    const { url, client } = await serveFakeApp()
    const { id } = await client.api.library.create({ settings: { name: 'Alpha', memoryMib: 8 } })
    const take = async (name: string) => (await client.api.snapshot.take({ id, name })).id
    const first = await take('First')
    await take('Second')
    await client.api.snapshot.restore({ id, snapshot: first, keepPresent: false })
    await take('Other way')
    const { page, picture } = await openPage(browser, `${url}#/snapshots/${id}`)
    await page.locator('[data-snapshot]').nth(2).waitFor()
    await page.locator('[data-snapshot] .main').first().focus()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowDown')
    await expect.poll(() => page.getByLabel('Name').inputValue()).toBe('Second')
    await picture('snapshots-5-branches')
    await page.getByRole('button', { name: 'Delete' }).click()
    await expect.poll(() => page.locator('[data-snapshot]').count()).toBe(2)
    await picture('snapshots-6-deleted')
    await page.getByRole('button', { name: 'Undo' }).click()
    await expect.poll(() => page.locator('[data-snapshot]').count()).toBe(3)
    expect((await client.api.snapshot.tree({ id })).snapshots.length).toBe(3)

    await page.locator('.main', { hasText: 'First' }).click()
    await page.getByRole('button', { name: 'Clone', exact: true }).click()
    await page.getByLabel('Name of the new machine').fill('Beta')
    await picture('snapshots-7-clone')
    await page.getByRole('dialog').getByRole('button', { name: 'Clone' }).click()
    await page.getByText('Beta is made').waitFor()
    expect((await client.api.library.list({})).map(({ folder }) => folder)).toEqual(['Alpha', 'Beta'])
  })

  test('rules for automatic ones are saved, and a run without saving says so', async () => {
    const { url, client } = await serveFakeApp()
    const { id } = await client.api.library.create({ settings: { name: 'Alpha', memoryMib: 8 } })
    const { page, picture } = await openPage(browser, `${url}#/snapshots/${id}`, { width: 800, height: 600 })
    await page.getByRole('button', { name: 'No automatic ones' }).click()
    await page.getByLabel('Before each start').check()
    await page.getByLabel('While it runs').fill('30')
    await page.getByLabel('Keep at most').fill('5')
    await picture('snapshots-8-rules')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByRole('button', { name: 'Automatic, at most 5' }).waitFor()
    expect((await client.api.library.get({ id })).spec.snapshots).toEqual({
      beforeStart: true,
      everyMinutes: 30,
      keep: 5,
    })
    await page.getByRole('button', { name: 'More' }).click()
    await page.getByRole('menuitem', { name: 'Start without saving' }).click()
    await page.getByText('Nothing is saved').first().waitFor()
    await picture('snapshots-9-discarding')
    await page.goto(`${new URL(url).origin}/#/snapshots/${id}`)
    await page.getByText('every write is forgotten').waitFor()
    expect(await page.getByRole('button', { name: 'Take a snapshot' }).isDisabled()).toBe(true)
  })
})
