/**
 * The windows: the one with the library, and one for each machine whose console was moved out of it. A machine's window asks its page
 * before it closes, because the page knows what shall become of the machine.
 */
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { BrowserWindow, type WebContents } from 'electron'
import { CHANNELS } from './channels.ts'

export const SCHEME = 'vitrine'
export const PAGE = `${SCHEME}://app/`

const preload = fileURLToPath(new URL('../../../dist/host/preload.cjs', import.meta.url))
const icon = fileURLToPath(new URL('../../../assets/icons/', import.meta.url))

interface WindowShape {
  readonly width: number
  readonly height: number
  /** What follows the page's address. */
  readonly hash: string
}

function createWindow({ width, height, hash }: WindowShape): BrowserWindow {
  const window = new BrowserWindow({
    width,
    height,
    minWidth: 640,
    minHeight: 480,
    title: 'Vitrine',
    backgroundColor: '#14161a',
    ...(process.platform === 'linux' ? { icon: resolve(icon, 'icon.png') } : {}),
    webPreferences: {
      preload,
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      webviewTag: false,
      spellcheck: false,
    },
  })
  window.webContents.setWindowOpenHandler(() => ({ action: 'deny' }))
  window.webContents.on('will-navigate', (event) => event.preventDefault())
  void window.loadURL(`${PAGE}${hash}`)
  return window
}

function bringToFront(window: BrowserWindow): void {
  if (window.isMinimized()) window.restore()
  window.focus()
}

export class Windows {
  readonly #consoles = new Map<string, BrowserWindow>()
  /** Windows of machines that close without asking. */
  readonly #released = new WeakSet<BrowserWindow>()
  readonly #isQuitting: () => boolean
  #main: BrowserWindow | undefined

  constructor(isQuitting: () => boolean) {
    this.#isQuitting = isQuitting
  }

  /** The window with the library, for dialogs. */
  get main(): BrowserWindow | undefined {
    return this.#main
  }

  /** Shows the window with the library. */
  focusMain(): void {
    if (this.#main) {
      bringToFront(this.#main)
      return
    }
    const window = createWindow({ width: 1200, height: 800, hash: '' })
    window.on('closed', () => {
      this.#main = undefined
    })
    this.#main = window
  }

  /** Shows the window of one machine; identities are UUIDs, everything else is ignored. */
  openConsole(machineId: unknown): void {
    if (typeof machineId !== 'string' || !/^[0-9a-f-]{36}$/.test(machineId)) return
    const known = this.#consoles.get(machineId)
    if (known) {
      bringToFront(known)
      return
    }
    const window = createWindow({ width: 1100, height: 860, hash: `#/console/${machineId}/alone` })
    this.#consoles.set(machineId, window)
    window.on('closed', () => this.#consoles.delete(machineId))
    window.on('close', (event) => {
      if (this.#isQuitting() || this.#released.has(window)) return
      event.preventDefault()
      window.webContents.send(CHANNELS.closeAsked)
    })
    // A page that is gone answers nothing.
    window.webContents.on('render-process-gone', () => {
      this.#released.add(window)
      window.close()
    })
  }

  /** Closes the machine's window whose page says so. */
  close(sender: WebContents): void {
    const window = [...this.#consoles.values()].find(({ webContents }) => webContents === sender)
    if (!window) return
    this.#released.add(window)
    window.close()
  }
}
