/**
 * As much of the package `electron` as its shell uses, in plain Node: remembers what it was asked, and lets a test be the page.
 * The real one needs a display and a binary of 200 MB.
 */
import { EventEmitter } from 'node:events'
import { MessageChannel, type MessagePort } from 'node:worker_threads'

/** A window whose page is the test. */
export class BrowserWindow extends EventEmitter {
  static readonly all: BrowserWindow[] = []
  readonly options: { webPreferences: Record<string, unknown> }
  readonly handlers = new Map<string, (event: { preventDefault(): void }) => void>()
  url = ''
  focused = 0
  /** Channels on which its page was told something. */
  readonly sent: string[] = []
  windowOpenHandler: () => { action: string } = () => ({ action: 'allow' })
  readonly webContents = {
    setWindowOpenHandler: (handler: () => { action: string }) => {
      this.windowOpenHandler = handler
    },
    on: (event: string, handler: (event: { preventDefault(): void }) => void) => this.handlers.set(event, handler),
    send: (channel: string) => void this.sent.push(channel),
  }

  constructor(options: { webPreferences: Record<string, unknown> }) {
    super()
    this.options = options
    BrowserWindow.all.push(this)
  }

  loadURL(url: string): Promise<void> {
    this.url = url
    return Promise.resolve()
  }

  /** As Electron's: asks first, and is gone unless somebody prevents it. */
  close(): void {
    let prevented = false
    this.emit('close', {
      preventDefault: () => {
        prevented = true
      },
    })
    if (!prevented) this.emit('closed')
  }

  isMinimized(): boolean {
    return false
  }

  restore(): void {}

  focus(): void {
    this.focused++
  }
}

class App extends EventEmitter {
  readonly isPackaged = false
  sandboxed = false
  exits: number[] = []
  quits = 0

  enableSandbox(): void {
    this.sandboxed = true
  }

  whenReady(): Promise<void> {
    return Promise.resolve()
  }

  requestSingleInstanceLock(): boolean {
    return true
  }

  /** As Electron's: asks first, and is over unless somebody prevents it. */
  quit(): void {
    let prevented = false
    this.emit('before-quit', {
      preventDefault: () => {
        prevented = true
      },
    })
    if (!prevented) this.quits++
  }

  exit(status: number): void {
    this.exits.push(status)
  }
}

export const app = new App()

export const dialogs = { errors: [] as string[], chosen: [] as string[], answer: 0, questions: [] as string[] }
export const dialog = {
  showErrorBox: (title: string, text: string) => void dialogs.errors.push(`${title}: ${text}`),
  showOpenDialog: () => Promise.resolve({ filePaths: dialogs.chosen }),
  /** With the window it belongs to, or without. */
  showSaveDialog: (...args: [...unknown[], { defaultPath?: string }]) =>
    Promise.resolve({ filePath: `${(args.at(-1) as { defaultPath?: string }).defaultPath}.chosen` }),
  showMessageBox: ({ message }: { message: string }) => {
    dialogs.questions.push(message)
    return Promise.resolve({ response: dialogs.answer })
  },
}

export const invocations = new Map<string, (event: unknown, ...parameters: unknown[]) => unknown>()
export const ipcMain = Object.assign(new EventEmitter(), {
  handle: (channel: string, handler: (event: unknown, ...parameters: unknown[]) => unknown) =>
    void invocations.set(channel, handler),
})

/** Node's port with the event shape of Electron's main process. */
class MessagePortMain extends EventEmitter {
  readonly #port: MessagePort

  constructor(port: MessagePort) {
    super()
    this.#port = port
    port.on('close', () => this.emit('close'))
  }

  start(): void {
    this.#port.on('message', (data) => this.emit('message', { data }))
  }

  postMessage(message: unknown): void {
    this.#port.postMessage(message)
  }

  close(): void {
    this.#port.close()
  }
}

export class MessageChannelMain {
  readonly port1: MessagePortMain
  /** The page's end is an ordinary port. */
  readonly port2: MessagePort

  constructor() {
    const { port1, port2 } = new MessageChannel()
    this.port1 = new MessagePortMain(port1)
    this.port2 = port2
  }
}

export const schemes = new Map<string, (request: Request) => Promise<Response>>()
export const protocol = {
  registerSchemesAsPrivileged: () => {},
  handle: (scheme: string, handler: (request: Request) => Promise<Response>) => void schemes.set(scheme, handler),
}

export const permissions = {
  ask: (_: unknown, __: string, answer: (granted: boolean) => void) => answer(true),
  check: (_: unknown, __: string) => true,
}
export const session = {
  defaultSession: {
    setPermissionRequestHandler: (handler: typeof permissions.ask) => {
      permissions.ask = handler
    },
    setPermissionCheckHandler: (handler: typeof permissions.check) => {
      permissions.check = handler
    },
  },
}

export const menus: { label?: string; submenu?: { label?: string; click?: () => void }[] }[][] = []
export const Menu = {
  buildFromTemplate: (template: (typeof menus)[number]) => template,
  setApplicationMenu: (menu: (typeof menus)[number]) => void menus.push(menu),
}

/** What was shown and thrown away by the desktop. */
export const shell = {
  opened: [] as string[],
  trashed: [] as string[],
  openPath(path: string): Promise<string> {
    shell.opened.push(path)
    return Promise.resolve('')
  },
  trashItem(path: string): Promise<void> {
    shell.trashed.push(path)
    return Promise.reject(new Error('No trash here'))
  },
}
