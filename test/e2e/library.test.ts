/** The library in the window: groups by drag, several at once, tags, trash, what is damaged, the keyboard; charts and events. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { chromiumNeed, launchChromium, openPage } from '../support/chromium.ts'
import { serveFakeApp } from '../support/fake-app.ts'
import { describeWith } from '../support/needs.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

describeWith([chromiumNeed], 'the library in the window', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchChromium()
  })
  afterAll(() => browser?.close())

  test('machines are dragged into a group, selected, tagged and found, deleted and had back', async () => {
    const { url, client } = await serveFakeApp()
    for (const name of ['Alpha', 'Beta', 'Gamma', 'Delta'])
      await client.api.library.create({ settings: { name, memoryMib: 8 } })
    const { page, picture } = await openPage(browser, url)
    const main = (name: string) => page.getByRole('button', { name: new RegExp(`^${name}, Off`) })
    await main('Gamma').waitFor()
    const spec = async (name: string) => {
      const card = (await client.api.library.list({})).find((one) => one.kind === 'machine' && one.spec.name === name)
      return card?.kind === 'machine' ? card.spec : undefined
    }

    await page
      .locator('[data-machine]', { hasText: 'Alpha' })
      .dragTo(page.locator('[data-machine]', { hasText: 'Beta' }))
    await page.getByRole('dialog').getByLabel('Group').fill('Work')
    await picture('library-1-new-group')
    await page.getByRole('dialog').getByRole('button', { name: 'Rename' }).click()
    await expect.poll(async () => [(await spec('Alpha'))?.group, (await spec('Beta'))?.group]).toEqual(['Work', 'Work'])
    await page.locator('[data-machine]', { hasText: 'Gamma' }).dragTo(page.locator('[data-group=Work] header'))
    await expect.poll(async () => (await spec('Gamma'))?.group).toBe('Work')
    await expect.poll(() => page.locator('[data-group=Work] [data-machine]').count()).toBe(3)

    await main('Alpha').click({ modifiers: ['Control'] })
    await main('Beta').click({ modifiers: ['Shift'] })
    await page.getByText('2 selected').waitFor()
    await picture('library-2-selected')
    await page.getByRole('toolbar', { name: 'What is selected' }).getByRole('button', { name: 'Delete' }).click()
    await page.getByText('2 machines are in the trash').waitFor()
    expect((await client.api.library.list({})).length).toBe(2)
    await page.getByRole('button', { name: 'Undo' }).click()
    await main('Alpha').waitFor()
    await expect.poll(async () => (await client.api.library.list({})).length).toBe(4)

    await page.getByRole('button', { name: 'Actions for Delta' }).click()
    await page.getByRole('menuitem', { name: 'Rename' }).click()
    await page.getByRole('textbox', { name: 'Tags' }).fill('games, keep')
    await page.getByRole('textbox', { name: 'Notes' }).fill('Has the joystick')
    await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click()
    await page.locator('.badge', { hasText: 'games' }).waitFor()
    await page.getByRole('button', { name: 'Tags' }).click()
    await page.getByRole('menuitemcheckbox', { name: 'games (1)' }).click()
    await expect.poll(() => page.locator('[data-machine]').count()).toBe(1)
    await picture('library-3-tag')
    await page.getByRole('searchbox').fill('')

    await page.locator('[data-group=Work] h2 button').click()
    await expect.poll(() => page.locator('[data-machine]').count()).toBe(1)
    await page.locator('[data-group=Work] h2 button').click()
    await main('Alpha').focus()
    await page.keyboard.press('ArrowRight')
    await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('Beta, Off')
    await page.keyboard.press('Delete')
    await page.getByText('Beta is in the trash').waitFor()
    await page.getByRole('button', { name: 'More' }).click()
    await page.getByRole('menuitem', { name: 'Trash' }).click()
    await picture('library-4-trash')
    await page.getByRole('button', { name: 'Put back: Beta' }).click()
    await page.getByText('The trash is empty.').waitFor()
    await page.keyboard.press('Escape')
    await main('Beta').waitFor()
  })

  test('a copy made by hand and a folder from a newer version say what they are, and what can be done', async () => {
    const libraryFolder = join(temporaryFolder(), 'library')
    const { url, client } = await serveFakeApp({ libraryFolder })
    const { id } = await client.api.library.create({ settings: { name: 'Alpha', memoryMib: 8 } })
    const { spec } = await client.api.library.get({ id })
    for (const [folder, file] of [
      ['Alpha by hand', spec],
      ['From tomorrow', { ...spec, schemaVersion: 99 }],
    ] as const) {
      mkdirSync(join(libraryFolder, folder))
      writeFileSync(join(libraryFolder, folder, 'machine.json'), JSON.stringify(file))
    }
    const { page, picture } = await openPage(browser, url, { colorScheme: 'light' })
    await page.getByRole('region', { name: 'Needs attention' }).getByText('From tomorrow').waitFor()
    await picture('library-5-attention')
    await page.getByRole('button', { name: 'It is a copy: give it its own identity' }).click()
    await expect.poll(() => page.locator('[data-machine]').count()).toBe(2)
    await page.getByRole('button', { name: 'Into the trash' }).click()
    await expect.poll(() => page.getByRole('region', { name: 'Needs attention' }).count()).toBe(0)
  })

  test('charts follow a running machine, events tell what happened, the log is searched', async () => {
    const { url, client } = await serveFakeApp()
    const { id } = await client.api.library.create({
      settings: { name: 'Alpha', memoryMib: 8, drives: [{ slot: 'fda', kind: 'floppy' }] },
    })
    await client.api.machine.start({ id })
    const { page, picture } = await openPage(browser, `${url}#/activity/${id}`)
    await page.getByRole('img', { name: /^Processor: of one core \d+ %, guest busy \d+ %/ }).waitFor()
    await page.getByRole('listitem').filter({ hasText: 'Started' }).waitFor()
    await client.api.snapshot.take({ id, name: 'Before it' })
    await page.getByRole('listitem').filter({ hasText: 'Snapshot taken' }).getByText('Before it').waitFor()
    await page.getByRole('button', { name: '1 minute' }).click()
    await picture('activity-1-machine')
    await page.getByRole('navigation', { name: 'Open machines' }).waitFor()
    await page
      .locator('header > .icon-button', { has: page.locator('svg') })
      .first()
      .click()
    await page.getByRole('heading', { name: 'This computer' }).waitFor()
    await page.getByRole('img', { name: /^Memory: everything .*promised to machines \d/ }).waitFor()
    await picture('activity-2-host')
    await page.goto(`${new URL(url).origin}/#/log/${id}`)
    await page.getByRole('log').getByText('Power on').waitFor()
    await page.getByRole('searchbox', { name: 'Search in the log' }).fill('no such words')
    await page.getByText('No line matches.').waitFor()
    await page.getByRole('searchbox', { name: 'Search in the log' }).fill('power')
    await page.getByRole('log').getByText('Power on').waitFor()
    await picture('log-1')
  })

  test('a running machine takes its speed at once, and memory at its next start', async () => {
    const { url, client } = await serveFakeApp()
    const { id } = await client.api.library.create({
      settings: { name: 'Alpha', memoryMib: 8, template: 'windows-98', drives: [{ slot: 'fda', kind: 'floppy' }] },
    })
    await client.api.machine.start({ id })
    const { page, picture } = await openPage(browser, `${url}#/settings/${id}`, { colorScheme: 'light' })
    await page.getByRole('slider', { name: 'Speed limit' }).press('Home')
    await expect.poll(async () => (await client.api.library.get({ id })).spec.cpu.limitMips).toBe(4)
    await page.getByLabel('Memory, MiB').fill('64')
    await page.getByRole('button', { name: 'Serial port', exact: true }).click()
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('Some settings wait for the next start').waitFor()
    await picture('settings-1-waiting')
    const { spec } = await client.api.library.get({ id })
    expect([spec.memoryMib, spec.pending?.settings.memoryMib]).toEqual([8, 64])
    for (const section of ['Drives', 'Display, keyboard, ports', 'Clock']) {
      await page.getByRole('navigation', { name: 'Sections' }).getByRole('button', { name: section }).click()
      await picture(`settings-2-${section.split(',')[0]?.toLowerCase()}`)
    }
    await page.getByRole('button', { name: 'Forget them' }).click()
    await expect.poll(async () => (await client.api.library.get({ id })).spec.pending).toBe(null)
    expect(await page.getByLabel('Memory, MiB').inputValue()).toBe('8')
  })
})
