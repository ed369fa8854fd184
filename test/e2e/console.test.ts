/** The console with fake machines: everything around the screen, as a user finds it. */
import { readFile } from 'node:fs/promises'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { axeViolations } from '../support/axe.ts'
import { chromiumNeed, dropFiles, launchChromium, type OpenPage, openPage } from '../support/chromium.ts'
import { serveFakeApp } from '../support/fake-app.ts'
import { describeWith, pathOf } from '../support/needs.ts'
import { onlyScreen, serveRealApp } from '../support/real-app.ts'
import { shared } from '../support/shared.ts'

interface Console extends OpenPage {
  readonly id: string
  readonly client: Awaited<ReturnType<typeof serveFakeApp>>['client']
  /** The guest's text screen. */
  text(): Promise<string>
}

function floppyImage(): Uint8Array {
  const bytes = new Uint8Array(720 * 1024)
  bytes.set([0xeb, 0x3c, 0x90])
  bytes.set([0x55, 0xaa], 510)
  return bytes
}

describeWith([chromiumNeed], 'the console', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchChromium()
  })
  afterAll(() => browser?.close())

  /** The console of a machine that runs and has the keyboard. */
  async function openConsole(options: Parameters<typeof openPage>[2] = {}): Promise<Console> {
    const { url, client } = await serveFakeApp()
    const { id } = await client.api.library.create({
      settings: {
        name: 'Alpha',
        memoryMib: 8,
        drives: [
          { slot: 'fda', kind: 'floppy' },
          { slot: 'hdc', kind: 'cdrom' },
        ],
        serialPorts: [{ port: 1 }, { port: 2 }],
      },
    })
    await client.api.machine.start({ id })
    const opened = await openPage(browser, url, options)
    await opened.page.goto(`${new URL(url).origin}/#/console/${id}`)
    await opened.page.locator('[data-captured=true]').waitFor()
    await opened.page.getByText('320 × 200').or(opened.page.locator('canvas')).first().waitFor()
    const text = async () => (await client.api.machine.screenText({ id })).lines.join('\n')
    return { ...opened, id, client, text }
  }

  /** The host key with another key. */
  async function command(page: Page, key: string, hostKey = 'ControlRight') {
    await page.getByRole('application', { name: /^Screen of/ }).focus()
    await page.keyboard.down(hostKey)
    await page.keyboard.press(key)
    await page.keyboard.up(hostKey)
  }

  for (const colorScheme of ['light', 'dark'] as const)
    test(`keyboard on the screen, lights, layouts and no violation (${colorScheme})`, async () => {
      const { page, picture, client, id, text } = await openConsole({ colorScheme })
      await page.getByRole('button', { name: 'Keyboard on the screen' }).click()
      const board = page.getByRole('region', { name: 'Keyboard' })
      await page.getByRole('application').focus()
      await board.getByRole('button', { name: 'H', exact: true }).click()
      await board.getByRole('button', { name: 'Left Shift' }).click()
      await picture(`console-keyboard-${colorScheme}`)
      await board.getByRole('button', { name: 'I', exact: true }).click()
      await expect.poll(text).toBe('READY\nhI')
      await board.getByRole('button', { name: 'Left Shift', exact: true }).waitFor()
      await page.locator('[data-lit=true]').waitFor({ state: 'detached' })
      await board.getByRole('button', { name: 'Caps Lock' }).click()
      await page.getByText('Caps Lock is on').waitFor({ state: 'attached' })
      // Clicking did not take the keyboard from the guest.
      expect(await page.locator('[data-captured=true]').count()).toBe(1)
      await board.getByLabel('Layout').selectOption({ label: 'German' })
      await board.getByRole('button', { name: 'Ü', exact: true }).waitFor()
      await expect.poll(async () => (await client.api.library.get({ id })).spec.keyboardLayout).toBe('de')
      await picture(`console-keyboard-de-${colorScheme}`)
      expect(await axeViolations(page)).toEqual([])
      // Arrow keys go from key to key; Tab comes to one of them.
      await board.getByRole('button', { name: 'A', exact: true }).focus()
      await page.keyboard.press('ArrowRight')
      await page.keyboard.press('ArrowUp')
      expect(await page.evaluate(() => document.activeElement?.getAttribute('data-code'))).toMatch(/Key[WE]/)
    })

  test('text is selected with the mouse or the keys, and copied', async () => {
    const { page, picture, text } = await openConsole()
    await page.keyboard.type('hello world')
    await expect.poll(text).toContain('hello world')
    const clipboard = () => page.evaluate(() => navigator.clipboard.readText())
    await page.getByRole('button', { name: 'Copy text' }).click()
    await page.getByRole('menuitem', { name: 'Copy all text on the screen' }).click()
    await expect.poll(clipboard).toBe('READY\nhello world')

    await command(page, 'x')
    const area = page.getByRole('application', { name: /^Text selection/ })
    await area.waitFor()
    const box = await area.boundingBox()
    if (!box) throw new Error('There is no area')
    const at = (column: number, row: number) =>
      [box.x + ((column + 0.5) / 80) * box.width, box.y + ((row + 0.5) / 25) * box.height] as const
    await page.mouse.move(...at(2, 0))
    await page.mouse.down()
    await page.mouse.move(...at(4, 1), { steps: 4 })
    await picture('console-selection')
    await page.mouse.up()
    await expect.poll(clipboard).toBe('ADY\nhello')
    await page.getByText('Copied 2 lines').waitFor()
    await page.keyboard.press('Home')
    await page.keyboard.press('Shift+End')
    await page.keyboard.press('Enter')
    await expect.poll(clipboard).toBe('hello world')
    expect(await axeViolations(page)).toEqual([])
    await page.keyboard.press('Escape')
    await page.locator('[data-captured=true]').waitFor()
  })

  test('pasted text is typed on the layout of the guest, and what that lacks is told', async () => {
    const { page, picture, text } = await openConsole({ colorScheme: 'light' })
    await command(page, 'v')
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Text', { exact: true }).fill('yes é €')
    await dialog.getByText('The layout US cannot type: é €').waitFor()
    await picture('console-paste')
    expect(await axeViolations(page)).toEqual([])
    await dialog.getByLabel('Keyboard layout of the guest').selectOption({ label: 'German' })
    await dialog.getByText('cannot type').waitFor({ state: 'detached' })
    await dialog.getByLabel('Text', { exact: true }).fill('yes я')
    await dialog.getByRole('button', { name: 'Type the rest' }).click()
    // The fake guest has a US keyboard.
    await expect.poll(text).toBe('READY\nzes ')
    await dialog.waitFor({ state: 'detached' })
  })

  test('the screen is recorded into a video that can be sought in', async () => {
    const { page, picture } = await openConsole()
    await page.getByRole('button', { name: 'Record the screen' }).click()
    await page.getByRole('button', { name: /^End the recording: Recording, 0:01/ }).waitFor()
    await page.getByRole('application').focus()
    await page.keyboard.type('recorded')
    await picture('console-recording')
    expect(await axeViolations(page)).toEqual([])
    await page.getByRole('button', { name: /^End the recording: Recording, 0:0[2-9]/ }).waitFor()
    const saved = page.waitForEvent('download')
    await page.getByRole('toolbar').getByRole('button', { name: 'End the recording' }).click()
    const download = await saved
    expect(download.suggestedFilename()).toMatch(/^Alpha .*[.]webm$/)
    const file = await readFile(await download.path())
    const video = await page.evaluate(async (base64) => {
      const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
      const element = document.createElement('video')
      element.src = URL.createObjectURL(new Blob([bytes], { type: 'video/webm' }))
      await new Promise((resolve, reject) => {
        element.onloadeddata = resolve
        element.onerror = () => reject(element.error)
      })
      const { duration, videoWidth, videoHeight } = element
      await new Promise((resolve) => {
        element.onseeked = resolve
        element.currentTime = duration / 2
      })
      return { duration, videoWidth, videoHeight, at: element.currentTime }
    }, file.toString('base64'))
    expect([video.videoWidth, video.videoHeight]).toEqual([1280, 800])
    expect(video.duration).toBeGreaterThan(1.5)
    expect(video.at).toBeCloseTo(video.duration / 2, 1)
  })

  test('a drive takes what is dropped on it, has a menu, and shows what was in it before', async () => {
    const { page, picture, client, id, text } = await openConsole()
    const fda = async () => (await client.api.library.get({ id })).spec.drives[0]
    await dropFiles(page, '[data-slot=fda]', [{ name: 'games.img', bytes: floppyImage() }])
    await expect.poll(text).toContain('inserted fda 1440')
    const drive = page.getByRole('button', { name: /^Floppy A/ })
    await drive.click()
    await page.getByRole('menuitem', { name: 'Insert a file …' }).waitFor()
    await picture('console-drive')
    expect(await axeViolations(page)).toEqual([])
    await page.getByRole('menuitemcheckbox', { name: 'Write-protected' }).click()
    await expect.poll(fda).toMatchObject({ file: 'media/games.img', writeProtected: true })
    await page.getByRole('button', { name: 'Floppy A: games.img, write-protected' }).click()
    await page.getByRole('menuitemcheckbox', { name: 'Forget writes at power-off' }).click()
    await expect.poll(fda).toMatchObject({ discardWrites: true })
    await drive.click()
    await page.getByRole('menuitem', { name: 'Eject' }).click()
    await expect.poll(fda).toMatchObject({ file: null })
    await page.getByRole('button', { name: 'Floppy A: empty' }).click()
    await page.getByRole('menuitem', { name: 'games.img' }).click()
    await expect.poll(async () => (await fda())?.file ?? '').toContain('games.img')
  })

  test('the speed is changed while the machine runs', async () => {
    const { page, picture, client, id } = await openConsole({ colorScheme: 'light' })
    await page.getByRole('button', { name: /^Speed/ }).click()
    const panel = page.getByRole('dialog', { name: 'Speed' })
    await panel.getByLabel('Most of one core of this computer').fill('40')
    await expect.poll(async () => (await client.api.library.get({ id })).spec.cpu.capPercent).toBe(40)
    await panel.getByText('At most 40 %').waitFor()
    await panel.getByLabel('As fast as').selectOption({ label: '486, 66 MHz (27 MIPS)' })
    await expect.poll(async () => (await client.api.library.get({ id })).spec.cpu.limitMips).toBe(27)
    await picture('console-speed')
    expect(await axeViolations(page)).toEqual([])
    await page.keyboard.press('Escape')
    await panel.waitFor({ state: 'hidden' })
  })

  test('the host key gives commands, is another when the user wants, and says so everywhere', async () => {
    const { page, picture, client, id, text } = await openConsole()
    await command(page, 's')
    await page
      .getByText(/^Snapshot .* taken|taken/)
      .first()
      .waitFor()
    await expect.poll(async () => (await client.api.snapshot.tree({ id })).snapshots.length).toBe(1)
    await command(page, 'p')
    await page.getByRole('heading', { name: 'Paused' }).waitFor()
    await page.getByRole('toolbar').getByRole('button', { name: 'Resume' }).click()
    await page.locator('[data-captured=true]').waitFor()
    await command(page, 'h')
    const help = page.getByRole('dialog', { name: 'Keys of the console' })
    await help.getByText('Take a snapshot').waitFor()
    await picture('console-help')
    expect(await axeViolations(page)).toEqual([])
    await help.getByLabel('Host key').selectOption({ label: 'Scroll Lock' })
    await page.keyboard.press('Escape')
    await page.getByText('Scroll Lock releases mouse and keyboard').first().waitFor({ state: 'attached' })
    await page.getByRole('application').focus()
    await page.keyboard.press('ScrollLock')
    await expect.poll(() => page.locator('[data-captured=true]').count()).toBe(0)
    await command(page, 'a', 'ScrollLock')
    await page.getByRole('button', { name: 'View' }).click()
    await page.getByRole('menuitemcheckbox', { name: 'Whole multiples', checked: true }).waitFor()
    await page.keyboard.press('Escape')
    // The view is that of this machine after a reload too.
    await page.reload()
    await page.getByRole('button', { name: 'View' }).click()
    await page.getByRole('menuitemcheckbox', { name: 'Whole multiples', checked: true }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'Send keys' }).click()
    await picture('console-send-keys')
    await page.getByRole('menuitem', { name: 'Ctrl-Alt-F12' }).click()
    // The fake guest meets a full disk at F12.
    await page.getByRole('heading', { name: 'Paused' }).waitFor()
    expect(await text()).toContain('READY')
  })

  test('in full screen the bars come at the edges', async () => {
    const { page, picture } = await openConsole()
    await command(page, 'f')
    await expect.poll(() => page.evaluate(() => document.fullscreenElement !== null)).toBe(true)
    await page.getByText('Right Ctrl + F leaves full screen').waitFor()
    await picture('console-full-screen')
    await page.mouse.move(600, 1)
    const bar = page.getByRole('toolbar')
    await expect.poll(async () => (await bar.boundingBox())?.y).toBe(0)
    await page.waitForFunction(() => getComputedStyle(document.querySelector('.edge.top') as Element).opacity === '1')
    await picture('console-full-screen-bar')
    await command(page, 's')
    // Messages are seen in full screen too.
    await page.getByText(/taken/).first().waitFor()
    expect(await axeViolations(page)).toEqual([])
    await command(page, 'f')
    await expect.poll(() => page.evaluate(() => document.fullscreenElement !== null)).toBe(false)
  })

  test('every serial port has a terminal, whose text can be saved', async () => {
    const { page, picture, client, id } = await openConsole()
    await command(page, 't')
    const pane = page.getByRole('region', { name: 'Serial terminals' })
    await pane.locator('.xterm-rows').getByText('READY').waitFor()
    await pane.getByRole('tab', { name: 'COM1' }).focus()
    await page.keyboard.press('ArrowRight')
    await pane.getByRole('tab', { name: 'COM2', selected: true }).waitFor()
    await pane.locator('.xterm-rows').getByText('READY').waitFor()
    await pane.locator('.xterm-helper-textarea').focus()
    await page.keyboard.type('two')
    await pane.locator('.xterm-rows').getByText('TWO').waitFor()
    const [first] = (await client.api.library.get({ id })).spec.serialPorts
    if (!first) throw new Error('There is no port')
    await client.api.library.update({
      id,
      patch: { serialPorts: [first, { ...first, port: 2, kind: 'tcp', address: '127.0.0.1:0' }] },
    })
    await pane.getByText('also for who connects to 127.0.0.1:0').waitFor()
    await picture('console-serial')
    expect(await axeViolations(page)).toEqual([])
    const saved = page.waitForEvent('download')
    await pane.getByRole('button', { name: 'Save what was received' }).click()
    const download = await saved
    expect(download.suggestedFilename()).toMatch(/^Alpha COM2 .*[.]log$/)
    expect((await readFile(await download.path())).toString()).toContain('TWO')
  })

  test('closing asks what becomes of the machine, and remembers it when told to', async () => {
    const { page, picture, client, id } = await openConsole({ colorScheme: 'light' })
    await page.getByRole('button', { name: 'Close the tab of Alpha' }).click()
    const dialog = page.getByRole('dialog', { name: 'Alpha is running' })
    await picture('console-close')
    expect(await axeViolations(page)).toEqual([])
    await dialog.getByRole('button', { name: 'Cancel' }).click()
    await command(page, 'q')
    await dialog.getByRole('button', { name: 'Close', exact: true }).last().click()
    await page.getByRole('button', { name: /^Alpha, Running/ }).waitFor()
    await page.getByRole('button', { name: /^Alpha, Running/ }).dblclick()
    await page.locator('[data-captured=true]').waitFor()
    await page.getByRole('button', { name: 'Close the tab of Alpha' }).click()
    await dialog.getByRole('radio', { name: /^Save its state/ }).check()
    await dialog.getByLabel('Do this without asking from now on').check()
    await dialog.getByRole('button', { name: 'Close', exact: true }).last().click()
    await page.getByRole('button', { name: /^Alpha, Off/ }).waitFor()
    expect((await client.api.library.get({ id })).spec.present.resume).not.toBeNull()
    await page.getByRole('button', { name: /^Alpha, Off/ }).dblclick()
    await page.locator('[data-captured=true]').waitFor()
    await command(page, 'q')
    await page.getByRole('button', { name: /^Alpha, Off/ }).waitFor()
  })

  test('a console moves into a window of its own', async () => {
    const { page, context, client, id } = await openConsole()
    const opened = context.waitForEvent('page')
    await page.getByRole('button', { name: 'Open in a window of its own' }).click()
    const own = await opened
    await own.locator('[data-captured=true]').waitFor()
    // The tab has gone, and the library stands there.
    await page.getByRole('button', { name: /^Alpha, Running/ }).waitFor()
    expect(await page.getByRole('button', { name: 'Close the tab of Alpha' }).count()).toBe(0)
    expect(await own.getByRole('button', { name: 'Theme' }).count()).toBe(1)
    expect(await own.getByText('Library').count()).toBe(0)
    expect(await axeViolations(own)).toEqual([])
    await own.screenshot({ path: '.cache/screenshots/console-own-window.png' })
    await own.getByRole('button', { name: 'Log' }).click()
    await expect.poll(() => own.url()).toContain(`#/log/${id}/alone`)
    await own.getByRole('button', { name: 'Console' }).click()
    await own.locator('[data-captured=true]').waitFor()
    const closed = own.waitForEvent('close')
    await command(own, 'q')
    const dialog = own.getByRole('dialog', { name: 'Alpha is running' })
    await dialog.getByRole('radio', { name: /^Power off/ }).check()
    await dialog.getByRole('button', { name: 'Close', exact: true }).last().click()
    await closed
    expect((await client.api.library.get({ id })).state).toBe('off')
  })
})

const image = shared('guests/freedos722.img')

describeWith([chromiumNeed, image], 'the console of FreeDOS', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchChromium()
  })
  afterAll(() => browser?.close())

  test('text is selected where it is seen, and typed as it is pasted', async () => {
    const { url, client } = await serveRealApp({ welcome: false })
    const { id } = await client.api.library.importImage({ source: { kind: 'path', path: pathOf(image) } })
    await client.api.machine.start({ id })
    const { page, picture } = await openPage(browser, url)
    await page.goto(`${new URL(url).origin}/#/console/${id}`)
    await page.locator('[data-captured=true]').waitFor()
    const screen = () => onlyScreen(client)
    await expect.poll(screen, { timeout: 120_000 }).toMatch(/A:\\.*>\s*$/)
    await page.keyboard.type('dir')
    await page.keyboard.press('Enter')
    await expect.poll(screen, { timeout: 60_000 }).toMatch(/bytes free[\s\S]*>\s*$/)

    // What is dragged over is what is copied: the cells of the selection are those of the picture.
    const lines = (await screen()).split('\n')
    const row = lines.findIndex((line) => /^COMMAND\s+COM/.test(line))
    await page.keyboard.down('ControlRight')
    await page.keyboard.press('KeyX')
    await page.keyboard.up('ControlRight')
    const box = await page.getByRole('application', { name: /^Text selection/ }).boundingBox()
    if (!box) throw new Error('There is no selection')
    const at = (column: number, line: number) =>
      [box.x + ((column + 0.5) / 80) * box.width, box.y + ((line + 0.5) / 25) * box.height] as const
    await page.mouse.move(...at(0, row))
    await page.mouse.down()
    await page.mouse.move(...at(11, row), { steps: 3 })
    await picture('freedos-3-selection')
    await page.mouse.up()
    const clipboard = () => page.evaluate(() => navigator.clipboard.readText())
    await expect.poll(clipboard).toMatch(/^COMMAND\s+COM$/)
    await page.keyboard.press('Escape')

    // Typed on the layout that the guest is set to: none is loaded, so it is that of the United States.
    await page.keyboard.down('ControlRight')
    await page.keyboard.press('KeyV')
    await page.keyboard.up('ControlRight')
    await page.getByLabel('Text', { exact: true }).fill('echo "A-Z" [~] {|} @#$%^&*()_+=;:\',.?/\\')
    await page.getByRole('button', { name: 'Type it' }).click()
    await expect.poll(screen, { timeout: 60_000 }).toContain('echo "A-Z" [~] {|} @#$%^&*()_+=;:\',.?/\\')
    await picture('freedos-4-typed')
  })
})
