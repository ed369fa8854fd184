/**
 * The Electron shell: one window with the page, the same host as in every shell, and what a desktop adds (menu, dialogs, file
 * associations, a single instance).
 */
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  app,
  dialog,
  type IpcMainEvent,
  ipcMain,
  MessageChannelMain,
  protocol,
  session,
  shell,
  type WebFrameMain,
} from 'electron'
import { AppError } from '../../../core/base/errors.ts'
import { createClient } from '../../../core/contract/client.ts'
import { createTransportPair } from '../../../core/contract/memory-transport.ts'
import { Host } from '../../host.ts'
import type { Grants } from '../../ipc/call-context.ts'
import { chosenLibraryFolder } from '../../library/default-folder.ts'
import { SECURITY_HEADERS } from '../browser/security.ts'
import { readStaticFile } from '../browser/static-files.ts'
import { createLocalAddress, listenLocally } from '../local/local-socket.ts'
import { CHANNELS } from './channels.ts'
import { setMenu } from './menu.ts'
import { portTransport } from './port-transport.ts'
import { PAGE, SCHEME, Windows } from './windows.ts'

const pageFolder = fileURLToPath(new URL('../../../dist/renderer/', import.meta.url))

const grants: Grants = { shell: 'electron', hostPaths: true, folders: [] }
const IMAGE_FILTERS = [
  { name: 'Disk images', extensions: ['img', 'ima', 'flp', 'vfd', 'iso', 'bin', 'raw', 'dd', 'hdd'] },
  { name: 'All files', extensions: ['*'] },
]
/** What the page may ask the browser for: a console wants the whole screen, the pointer and the keyboard. */
const PERMISSIONS: readonly string[] = [
  'fullscreen',
  'pointerLock',
  'keyboardLock',
  'clipboard-sanitized-write',
  'clipboard-read',
]

let quitting = false
const windows = new Windows(() => quitting)

protocol.registerSchemesAsPrivileged([
  { scheme: SCHEME, privileges: { standard: true, secure: true, supportFetchAPI: true } },
])
app.enableSandbox()

/** Requests are answered for the page itself alone, in its own frame. */
function isPage(frame: WebFrameMain | null): boolean {
  return frame !== null && frame.parent === null && frame.url.startsWith(PAGE)
}

async function servePage(request: Request): Promise<Response> {
  const file = await readStaticFile(pageFolder, new URL(request.url).pathname)
  if (!file) return new Response('Not found', { status: 404, headers: SECURITY_HEADERS })
  return new Response(new Uint8Array(file.contents), { headers: { ...SECURITY_HEADERS, 'Content-Type': file.type } })
}

/** Makes machines from images that were chosen or came by file association. */
async function addImages(host: Host, paths: readonly string[]): Promise<void> {
  const [clientEnd, hostEnd] = createTransportPair()
  const client = createClient(clientEnd)
  host.connect(hostEnd, grants)
  for (const path of paths) {
    try {
      const { id } = await client.api.library.importImage({ source: { kind: 'path', path: resolve(path) } })
      await client.api.app.openConsole({ id })
    } catch (error) {
      dialog.showErrorBox('This is no machine yet', error instanceof Error ? error.message : String(error))
    }
  }
  client.close()
}

async function chooseImages(): Promise<string[]> {
  const options = {
    title: 'Disk images',
    filters: IMAGE_FILTERS,
    properties: ['openFile' as const, 'multiSelections' as const],
  }
  const { filePaths } = await (windows.main
    ? dialog.showOpenDialog(windows.main, options)
    : dialog.showOpenDialog(options))
  return filePaths
}

async function chooseSaveFile(suggestion: unknown): Promise<string> {
  const options = typeof suggestion === 'string' ? { defaultPath: suggestion } : {}
  const { filePath } = await (windows.main
    ? dialog.showSaveDialog(windows.main, options)
    : dialog.showSaveDialog(options))
  return filePath
}

/** Images among the arguments of a start; the app's own folder and flags are none. */
function imagesOf(argv: readonly string[]): string[] {
  return argv.slice(app.isPackaged ? 1 : 2).filter((argument) => !argument.startsWith('-'))
}

/** Saves every running machine; false, with the reason shown, when one could not be. */
async function saveAll(host: Host): Promise<boolean> {
  for (const card of await host.machines.cards.all()) {
    if (card.kind !== 'machine' || (card.state !== 'running' && card.state !== 'paused')) continue
    try {
      await host.snapshots.save(card.id)
    } catch (error) {
      dialog.showErrorBox(`${card.spec.name} was not saved`, error instanceof Error ? error.message : String(error))
      return false
    }
  }
  return true
}

async function mayQuit(host: Host): Promise<boolean> {
  const count = host.machines.runningCount
  if (count === 0) return true
  const message = count === 1 ? 'A machine is running.' : `${count} machines are running.`
  const { response } = await dialog.showMessageBox({
    type: 'question',
    message,
    detail: 'Saved, they go on from here at their next start. Powered off, they lose what their guests have not saved.',
    buttons: ['Save and Quit', 'Power Off and Quit', 'Cancel'],
    defaultId: 0,
    cancelId: 2,
  })
  if (response === 0) return saveAll(host)
  return response === 1
}

function connectPage(host: Host, event: IpcMainEvent): void {
  if (!isPage(event.senderFrame)) throw new AppError('ipc/forbidden', 'Only the page of the app is connected')
  const { port1, port2 } = new MessageChannelMain()
  host.connect(portTransport(port1), grants)
  event.senderFrame?.postMessage(CHANNELS.port, null, [port2])
}

async function start(): Promise<void> {
  await app.whenReady()
  const address = createLocalAddress()
  const host = await Host.open({
    libraryFolder: chosenLibraryFolder(),
    lockNote: { ...address },
    welcome: true,
    shell: {
      openConsole: () => windows.focusMain(),
      pageUrl: () => null,
      quit: () => app.quit(),
      // What it answers is why it could not.
      showFolder: async (path) => (await shell.openPath(path)) === '',
      trashFolder: (path) =>
        shell.trashItem(path).then(
          () => true,
          () => false,
        ),
    },
  })
  const local = await listenLocally(host, address)
  protocol.handle(SCHEME, servePage)
  session.defaultSession.setPermissionRequestHandler((_, permission, answer) =>
    answer(PERMISSIONS.includes(permission)),
  )
  session.defaultSession.setPermissionCheckHandler((_, permission) => PERMISSIONS.includes(permission))
  ipcMain.on(CHANNELS.connect, (event) => connectPage(host, event))
  ipcMain.on(CHANNELS.openWindow, (event, machineId) => isPage(event.senderFrame) && windows.openConsole(machineId))
  ipcMain.on(CHANNELS.closeWindow, (event) => isPage(event.senderFrame) && windows.close(event.sender))
  ipcMain.handle(CHANNELS.chooseImages, (event) => (isPage(event.senderFrame) ? chooseImages() : []))
  ipcMain.handle(CHANNELS.chooseSaveFile, (event, suggestion) =>
    isPage(event.senderFrame) ? chooseSaveFile(suggestion) : '',
  )
  setMenu({ addImages: () => void chooseImages().then((paths) => addImages(host, paths)), quit: () => app.quit() })

  app.on('second-instance', (_, argv) => {
    windows.focusMain()
    void addImages(host, imagesOf(argv))
  })
  app.on('open-file', (event, path) => {
    event.preventDefault()
    void addImages(host, [path])
  })
  app.on('activate', () => windows.focusMain())
  app.on('window-all-closed', () => app.quit())
  app.on('before-quit', (event) => {
    if (quitting) return
    event.preventDefault()
    void mayQuit(host).then(async (sure) => {
      if (!sure) return windows.focusMain()
      quitting = true
      await local.close()
      await host.dispose()
      app.quit()
    })
  })
  windows.focusMain()
  await addImages(host, imagesOf(process.argv))
}

if (app.requestSingleInstanceLock()) {
  start().catch((error: unknown) => {
    dialog.showErrorBox('Vitrine cannot start', error instanceof Error ? error.message : String(error))
    quitting = true
    app.exit(1)
  })
} else app.quit()
