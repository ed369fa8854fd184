import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { MessagePort } from 'node:worker_threads'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type Client, createClient } from '../../../core/contract/client.ts'
import { messagePortTransport } from '../../../core/contract/socket-transport.ts'
import * as fake from '../../support/fake-electron.ts'
import { temporaryFolderOfFile } from '../../support/temporary-folder.ts'

vi.mock('electron', () => import('../../support/fake-electron.ts'))

const home = temporaryFolderOfFile()
const frame = (url: string, parent: unknown = null) => ({
  url,
  parent,
  postMessage: vi.fn<(channel: string, message: unknown, ports: MessagePort[]) => void>(),
})

beforeAll(async () => {
  vi.stubEnv('VITRINE_HOME', join(home, 'machines'))
  vi.stubEnv('VITRINE_CONFIG', join(home, 'settings.json'))
  process.argv = ['electron', '.']
  await import('../../../main/shells/electron/main.ts')
  await vi.waitFor(() => expect(fake.BrowserWindow.all).toHaveLength(1), 30_000)
})
afterAll(async () => {
  fake.dialogs.answer = 0
  fake.app.quit()
  await vi.waitFor(() => expect(fake.app.quits).toBe(1), 30_000)
  // The library is free again.
  expect(readdirSync(join(home, 'machines/.vitrine'))).not.toContain('lock')
})

/** What the page does: asks for a port and speaks the contract over it. */
function connectPage(): Client {
  const sender = frame('vitrine://app/index.html')
  fake.ipcMain.emit('vitrine:connect', { senderFrame: sender })
  const [channel, , ports] = sender.postMessage.mock.calls[0] ?? []
  expect(channel).toBe('vitrine:port')
  const port = ports?.[0] as MessagePort
  const like = {
    onmessage: null as ((event: { data: unknown }) => void) | null,
    postMessage: (message: unknown) => port.postMessage(message),
    close: () => port.close(),
    start: () => port.on('message', (data) => like.onmessage?.({ data })),
  }
  return createClient(messagePortTransport(like))
}

describe('the Electron shell', () => {
  test('opens one sandboxed window that goes nowhere else', () => {
    const [window] = fake.BrowserWindow.all
    expect(fake.app.sandboxed).toBe(true)
    expect(window?.url).toBe('vitrine://app/')
    expect(window?.options.webPreferences).toMatchObject({
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      webviewTag: false,
    })
    expect(window?.windowOpenHandler()).toEqual({ action: 'deny' })
    const preventDefault = vi.fn()
    window?.handlers.get('will-navigate')?.({ preventDefault })
    expect(preventDefault).toHaveBeenCalledOnce()
    const asked: boolean[] = []
    for (const permission of ['pointerLock', 'media', 'geolocation'])
      fake.permissions.ask(null, permission, (granted) => asked.push(granted))
    expect(asked).toEqual([true, false, false])
  })

  test('serves the page with the policy of the browser shell, and nothing beside it', async () => {
    const serve = fake.schemes.get('vitrine')
    const outside = await serve?.(new Request('vitrine://app/%2e%2e/%2e%2e/package.json'))
    expect(outside?.status).toBe(404)
    expect(outside?.headers.get('content-security-policy')).toContain("default-src 'none'")
  })

  test('connects its page over a port, with the right to name files', async () => {
    const client = connectPage()
    await client.ready
    expect(await client.api.app.info({})).toMatchObject({
      shell: 'electron',
      hostPaths: true,
      libraryFolder: join(home, 'machines'),
    })
    const image = join(home, 'floppy.img')
    writeFileSync(image, new Uint8Array(737_280))
    const added = Promise.withResolvers<string>()
    client.on('card-changed', ({ card }) => added.resolve(card.folder))
    await client.api.library.importImage({ source: { kind: 'path', path: image } })
    expect(await added.promise).toBe('floppy')
    const path = join(home, 'machines/floppy')
    expect(await client.api.library.showFolder({ folder: 'floppy' })).toEqual({ path, shown: true })
    expect(fake.shell.opened).toEqual([path])
    // A trash of the system that does not take it leaves the library's own.
    await client.api.app.changeSettings({ systemTrash: true })
    const copy = await client.api.library.create({ settings: { name: 'Copy' } })
    await client.api.library.delete({ id: copy.id })
    expect(fake.shell.trashed).toEqual([join(home, 'machines/Copy')])
    expect(await client.api.library.trash({})).toMatchObject([{ name: 'Copy' }])
    client.close()
  })

  test('connects no frame but its page', async () => {
    for (const sender of [
      frame('https://evil.example/'),
      frame('vitrine://app/', {}),
      frame('vitrine://application/'),
    ]) {
      expect(() => fake.ipcMain.emit('vitrine:connect', { senderFrame: sender })).toThrow('Only the page')
      expect(sender.postMessage).not.toHaveBeenCalled()
      fake.dialogs.chosen = ['/etc/passwd']
      expect(fake.invocations.get('vitrine:choose-images')?.({ senderFrame: sender })).toEqual([])
      expect(fake.invocations.get('vitrine:choose-save-file')?.({ senderFrame: sender }, '/tmp/x')).toBe('')
    }
    const own = { senderFrame: frame('vitrine://app/') }
    await expect(fake.invocations.get('vitrine:choose-save-file')?.(own, '/tmp/x')).resolves.toBe('/tmp/x.chosen')
  })

  test('makes machines of files that are chosen, associated, or given to a second start', async () => {
    const client = connectPage()
    const names = async () => (await client.api.library.list({})).map(({ folder }) => folder)
    const images = ['menu', 'associated', 'second'].map((name) => join(home, `${name}.img`))
    for (const image of images) writeFileSync(image, new Uint8Array(737_280))
    fake.dialogs.chosen = [images[0] ?? '']
    const file = fake.menus[0]?.find(({ label }) => label === '&File')
    file?.submenu?.[0]?.click?.()
    await expect.poll(names).toContain('menu')
    fake.app.emit('open-file', { preventDefault: () => {} }, images[1])
    await expect.poll(names).toContain('associated')
    fake.app.emit('second-instance', {}, ['electron', '.', '--flag', images[2]])
    await expect.poll(names).toContain('second')
    expect(fake.BrowserWindow.all[0]?.focused).toBeGreaterThan(0)
    fake.app.emit('open-file', { preventDefault: () => {} }, join(home, 'missing.img'))
    await expect
      .poll(() => fake.dialogs.errors)
      .toEqual([`This is no machine yet: There is no such file: ${join(home, 'missing.img')}`])
    client.close()
  })

  test('gives a machine a window of its own, which asks its page before it closes', async () => {
    const id = '11111111-2222-4333-8444-555555555555'
    const own = { senderFrame: frame('vitrine://app/') }
    fake.ipcMain.emit('vitrine:open-window', { senderFrame: frame('https://evil.example/') }, id)
    fake.ipcMain.emit('vitrine:open-window', own, '../../etc')
    expect(fake.BrowserWindow.all).toHaveLength(1)
    fake.ipcMain.emit('vitrine:open-window', own, id)
    fake.ipcMain.emit('vitrine:open-window', own, id)
    const [, window, ...more] = fake.BrowserWindow.all
    expect([window?.url, window?.focused, more]).toEqual([`vitrine://app/#/console/${id}/alone`, 1, []])
    expect(window?.options.webPreferences).toMatchObject({ sandbox: true, contextIsolation: true })
    let closed = 0
    window?.on('closed', () => closed++)
    window?.close()
    expect([window?.sent, closed]).toEqual([['vitrine:close-asked'], 0])
    fake.ipcMain.emit('vitrine:close-window', { ...own, sender: {} })
    expect(closed).toBe(0)
    fake.ipcMain.emit('vitrine:close-window', { ...own, sender: window?.webContents })
    expect(closed).toBe(1)
  })

  test('asks before it pulls the plug of a running machine', async () => {
    const client = connectPage()
    const { id } = await client.api.library.create({ settings: { name: 'Running', memoryMib: 4 } })
    await client.api.machine.start({ id })
    fake.dialogs.answer = 2
    fake.app.quit()
    await expect.poll(() => fake.dialogs.questions).toEqual(['A machine is running.'])
    expect((await client.api.library.get({ id })).state).toBe('running')
    expect(fake.app.quits).toBe(0)
    await client.api.machine.powerOff({ id })
    client.close()
  })
})
