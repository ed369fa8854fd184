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
    await page.getByRole('button', { name: 'Create', exact: true }).click()
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

  test('what cannot become a machine is refused with a reason, and the rest of the drop goes on', async () => {
    const { url, client } = await serveFakeApp()
    const { page, picture } = await openPage(browser, url, { colorScheme: 'light' })
    await page.getByText('Drop a disk image here').waitFor()
    await dropFiles(page, LIBRARY, [
      { name: 'nothing.img', bytes: new Uint8Array(0) },
      { name: 'packed.zip', bytes: new TextEncoder().encode('PK\x03\x04 and what is packed') },
      { name: 'good.img', bytes: floppyImage() },
    ])
    await page.getByRole('button', { name: 'Create', exact: true }).click()
    await page.getByRole('button', { name: /^good, Off/ }).waitFor()
    await page.getByText('nothing.img was not added').waitFor()
    await page.getByText('packed.zip was not added').waitFor()
    await picture('6-refused')
    expect((await client.api.library.list({})).length).toBe(1)
  })

  test('a machine is renamed, duplicated and deleted from its menu, and found by the search', async () => {
    const { url, client } = await serveFakeApp()
    await client.api.library.create({ settings: { name: 'Alpha', notes: 'first of all' } })
    await client.api.library.create({ settings: { name: 'Beta', memoryMib: 16, cpu: { profile: '486' } } })
    const { page, picture } = await openPage(browser, url)
    await page.getByRole('button', { name: 'Actions for Alpha' }).click()
    await picture('7-menu')
    await page.getByRole('menuitem', { name: 'Rename' }).click()
    await page.getByRole('textbox', { name: 'Name' }).fill('Omega')
    await picture('7-properties')
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: /^Omega, Off/ }).waitFor()
    await page.getByRole('button', { name: /^Beta, Off/ }).click({ button: 'right' })
    await page.getByRole('menuitem', { name: 'Duplicate' }).click()
    await page.getByRole('button', { name: /^Beta copy, Off/ }).waitFor()
    await page.getByRole('button', { name: 'List' }).click()
    await picture('8-list')
    await page.getByRole('searchbox').fill('first all')
    await expect.poll(() => page.locator('[data-machine]').count()).toBe(1)
    await page.getByRole('searchbox').fill('')
    await page.getByRole('button', { name: 'Actions for Beta copy' }).click()
    await page.getByRole('menuitem', { name: 'Delete' }).click()
    await page.getByText('Beta copy is in the trash').waitFor()
    await expect.poll(() => page.locator('[data-machine]').count()).toBe(2)
    const names = (await client.api.library.list({})).map((card) => (card.kind === 'machine' ? card.spec.name : ''))
    expect(names).toEqual(['Beta', 'Omega'])
  })

  test('a template is a machine with a double-click, and its details can be chosen', async () => {
    const { url, client } = await serveFakeApp()
    const { page, picture } = await openPage(browser, url, { colorScheme: 'light' })
    await page.getByRole('button', { name: 'Choose what it is for' }).click()
    await page.getByRole('option', { name: 'Windows 98' }).click()
    await page.getByText('Why it is like that').waitFor()
    await picture('9-gallery')
    await page.getByRole('option', { name: 'Windows 98' }).dblclick()
    await page.getByRole('heading', { name: 'Powered off' }).waitFor()
    const specs = async () =>
      (await client.api.library.list({})).map((card) => (card.kind === 'machine' ? card.spec : undefined))
    expect((await specs())[0]).toMatchObject({
      name: 'Windows 98',
      template: 'windows-98',
      memoryMib: 128,
      cpu: { profile: 'pentium2' },
    })

    await page.getByRole('button', { name: 'Vitrine' }).click()
    await page.getByRole('button', { name: 'New machine' }).click()
    await page.getByRole('searchbox', { name: 'Search templates' }).fill('msdos ms-dos')
    await page.getByRole('searchbox', { name: 'Search templates' }).fill('ms-dos')
    await page.getByRole('option', { name: 'MS-DOS' }).first().click()
    await page.getByRole('button', { name: 'Choose the details' }).click()
    await page.getByRole('textbox', { name: 'Name' }).fill('Desk')
    await page.getByLabel('Memory, MiB').fill('2048')
    await page.getByText('cannot use more than').waitFor()
    await page.getByLabel('Memory, MiB').fill('24')
    await page.getByLabel('Processor').selectOption({ label: '486' })
    await page.getByRole('slider', { name: 'Speed' }).press('Home')
    await page.getByRole('radio', { name: 'None' }).check()
    await dropFiles(page, 'fieldset.image:has-text("Floppy image")', [{ name: 'boot.img', bytes: floppyImage() }])
    await page.getByText('boot.img, 1.41 MiB').waitFor()
    await picture('9-new-machine')
    await page.getByRole('button', { name: 'Create', exact: true }).click()
    await page.getByRole('heading', { name: 'Powered off' }).waitFor()
    const desk = (await specs()).find((spec) => spec?.name === 'Desk')
    expect(desk).toMatchObject({ memoryMib: 24, cpu: { profile: '486', limitMips: 4 } })
    expect(desk?.drives[0]?.file).toBe('media/boot.img')
  })

  test('settings are saved, and undone where they are not', async () => {
    const { url, client } = await serveFakeApp()
    const { id } = await client.api.library.create({ settings: { name: 'Alpha' } })
    const { page, picture } = await openPage(browser, url)
    await page.goto(`${new URL(url).origin}/#/settings/${id}`)
    await page.getByRole('heading', { name: 'Settings' }).waitFor()
    await page.getByLabel('Notes').fill('A note')
    await page.getByLabel('Speed limit, MIPS').fill('27')
    await page.getByRole('button', { name: 'Move Hard disk up' }).click()
    await picture('10-settings')
    await page.getByRole('button', { name: 'Save' }).click()
    await expect.poll(async () => (await client.api.library.get({ id })).spec.notes).toBe('A note')
    expect((await client.api.library.get({ id })).spec).toMatchObject({
      cpu: { limitMips: 27 },
      boot: { order: ['floppy', 'disk', 'cdrom'] },
    })
    await page.getByLabel('Notes').fill('Another')
    await page.getByRole('button', { name: 'Undo changes' }).click()
    expect(await page.getByLabel('Notes').inputValue()).toBe('A note')
  })

  test('serial terminal, pause, paste, media and the crash of a machine', async () => {
    const { url, client } = await serveFakeApp()
    const { id } = await client.api.library.create({
      settings: { name: 'Alpha', drives: [{ slot: 'fda', kind: 'floppy' }] },
    })
    const { page, picture } = await openPage(browser, url)
    await page.goto(`${new URL(url).origin}/#/console/${id}`)
    await page.getByRole('toolbar').getByRole('button', { name: 'Start' }).click()
    await page.locator('[data-captured=true]').waitFor()
    const screen = async () => (await client.api.machine.screenText({ id })).lines.join('\n')

    await page.getByRole('button', { name: 'Serial terminal' }).click()
    await page.locator('.xterm-rows').getByText('READY').waitFor()
    await page.locator('.xterm-helper-textarea').focus()
    await page.keyboard.type('abc')
    await page.locator('.xterm-rows').getByText('ABC').waitFor()
    await picture('11-serial')

    await page.getByRole('button', { name: 'Pause' }).click()
    await page.getByRole('heading', { name: 'Paused' }).waitFor()
    await picture('12-paused')
    await page.getByRole('toolbar').getByRole('button', { name: 'Resume' }).click()

    await page.getByRole('button', { name: 'Paste as typing' }).click()
    await page.getByRole('textbox', { name: 'Text' }).fill('typed text')
    await page.getByRole('button', { name: 'Type it' }).click()
    await expect.poll(screen).toContain('typed text')

    await dropFiles(page, LIBRARY, [{ name: 'games.img', bytes: floppyImage() }])
    await expect.poll(screen).toContain('inserted fda 2880')
    await page.getByRole('button', { name: 'Media' }).click()
    await picture('13-media')
    await page.getByRole('menuitem', { name: 'Eject Floppy A' }).click()
    await expect.poll(screen).toContain('ejected fda')

    const download = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Save a screenshot' }).click()
    expect((await download).suggestedFilename()).toMatch(/^Alpha .*[.]png$/)

    await page.getByRole('application').focus()
    await page.keyboard.press('F11')
    await page.getByRole('heading', { name: 'The machine has crashed' }).waitFor()
    await picture('14-crashed')
    await page.locator('.overlay').getByRole('button', { name: 'Show log' }).click()
    await page.getByRole('log').getByText('crashed').first().waitFor()
    await picture('15-log')
  })

  test('a profile of a running machine shows its hot code', async () => {
    const { url, client } = await serveFakeApp()
    const card = await client.api.library.create({ settings: { name: 'Alpha' } })
    await client.api.machine.start({ id: card.id })
    const { page, picture } = await openPage(browser, `${url}#/profiler/${card.id}`)
    await page.getByLabel('for').selectOption('1 second')
    await page.getByRole('button', { name: 'Take a profile' }).click()
    await page.getByRole('table', { name: 'Time by kind' }).getByText('Compiled code').waitFor()
    await page.getByRole('table', { name: 'Compiled code left for' }).getByText('Return or indirect jump').waitFor()
    await page.getByRole('button', { name: '00007C00' }).click()
    await page.getByText('00007C00 nop').waitFor()
    await page.getByText(/^up to .* MIPS$/).waitFor()
    await picture('16-profiler')
  })

  test('the keyboard alone reaches every control, each with a name', async () => {
    const { url, client } = await serveFakeApp()
    await client.api.library.create({ settings: { name: 'Alpha' } })
    const { page } = await openPage(browser, url)
    await page.getByRole('button', { name: /^Alpha, Off/ }).waitFor()
    const seen: string[] = []
    for (let step = 0; step < 14; step++) {
      await page.keyboard.press('Tab')
      seen.push(
        await page.evaluate(() => {
          const element = document.activeElement
          const label = element?.getAttribute('aria-label') ?? element?.closest('label')?.textContent ?? ''
          return label.trim() || (element?.textContent ?? '').trim().replaceAll(/\s+/g, ' ')
        }),
      )
    }
    expect(seen.slice(0, 13)).toEqual([
      'Skip to the content',
      'Vitrine Library',
      'This computer',
      'Theme',
      'Search machines',
      'Grid',
      'List',
      'More',
      'New machine',
      'Alpha, Off',
      'Select Alpha',
      'Start: Alpha',
      'Actions for Alpha',
    ])
    await page.getByRole('button', { name: 'Actions for Alpha' }).focus()
    await page.keyboard.press('Enter')
    await page.keyboard.press('ArrowUp')
    await expect.poll(() => page.evaluate(() => document.activeElement?.textContent?.trim())).toBe('Delete')
    await page.keyboard.press('Escape')
    await expect
      .poll(() => page.evaluate(() => document.activeElement?.getAttribute('aria-label')))
      .toBe('Actions for Alpha')
  })

  test('the mouse is captured by a click, moves the pointer of the guest, and is released by Right Ctrl', async () => {
    const { url, client } = await serveFakeApp()
    const { id } = await client.api.library.create({ settings: { name: 'Alpha' } })
    const { page, picture } = await openPage(browser, url, { colorScheme: 'light' })
    await page.goto(`${new URL(url).origin}/#/console/${id}`)
    await page.getByRole('toolbar').getByRole('button', { name: 'Start' }).click()
    const screen = page.getByRole('application')
    await page.locator('[data-captured=true]').waitFor()
    const isLocked = () => page.evaluate(() => document.pointerLockElement !== null)
    const text = async () => (await client.api.machine.screenText({ id })).lines.join('\n')

    await screen.click()
    await expect.poll(isLocked).toBe(true)
    await page.mouse.down()
    await page.mouse.up()
    await expect.poll(text).toContain('left 100 100')
    await page.mouse.wheel(0, 100)
    await expect.poll(text).toContain('wheel 1')
    await picture('16-light-console')
    await page.keyboard.press('ControlRight')
    await expect.poll(isLocked).toBe(false)
    expect(await page.locator('[data-captured=true]').count()).toBe(0)
    await page.getByText('Right Ctrl releases mouse and keyboard').first().waitFor()

    const isFullScreen = () => page.evaluate(() => document.fullscreenElement !== null)
    await page.getByRole('button', { name: 'Full screen' }).click()
    await expect.poll(isFullScreen).toBe(true)
    await picture('18-full-screen')
    await screen.focus()
    await page.keyboard.down('ControlRight')
    await page.keyboard.press('KeyF')
    await page.keyboard.up('ControlRight')
    await expect.poll(isFullScreen).toBe(false)
    // The host key with another key is a command: nothing is released by it.
    expect(await page.locator('[data-captured=true]').count()).toBe(1)
  })

  test('a machine that met a full disk is paused with the reason, and goes on', async () => {
    const { url, client } = await serveFakeApp()
    const { id } = await client.api.library.create({ settings: { name: 'Alpha' } })
    const { page, picture } = await openPage(browser, url)
    await page.goto(`${new URL(url).origin}/#/console/${id}`)
    await page.getByRole('toolbar').getByRole('button', { name: 'Start' }).click()
    await page.locator('[data-captured=true]').waitFor()
    await page.keyboard.press('F12')
    await page.getByRole('heading', { name: 'Paused' }).waitFor()
    await page.locator('.overlay').getByText('No space is left for: fake.img').waitFor()
    await picture('17-full-disk')
    await page.locator('.overlay').getByRole('button', { name: 'Resume' }).click()
    await page.locator('[data-captured=true]').waitFor()
    expect((await client.api.library.get({ id })).state).toBe('running')
  })
})
