/** `vitrine serve`: the browser shell in the foreground, or a host without any page in the background. */
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { AppError } from '../../../core/base/errors.ts'
import { Host } from '../../host.ts'
import { chosenLibraryFolder } from '../../library/default-folder.ts'
import { type BrowserShell, startBrowserShell } from '../../shells/browser/browser-shell.ts'
import { openBrowser } from '../../shells/browser/open-browser.ts'
import { consoleUrl } from '../../shells/browser/page-address.ts'
import { connectLocally, createLocalAddress, listenLocally } from '../../shells/local/local-socket.ts'
import { usageError } from '../failure.ts'
import { type JsonFlag, print } from '../output.ts'

/** A background host without a machine or a client ends after this. */
const IDLE_END_MS = 10_000

export interface ServeFlags extends JsonFlag {
  readonly port?: string
  readonly open: boolean
  readonly media?: string[]
  readonly background?: boolean
}

/** Serves until it is told to end. */
export async function serve(flags: ServeFlags, vmThread?: URL): Promise<void> {
  const port = Number(flags.port ?? 0)
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw usageError(`--port is a number from 0 to 65535, not ${flags.port}`)
  const folders = (flags.media ?? []).map((folder) => resolve(folder))
  const server = await Server.open({ port, folders }, vmThread).catch(async (error: unknown) => {
    if (error instanceof AppError && error.code === 'library/locked' && (await openExisting(flags))) return undefined
    throw error
  })
  if (!server) return
  if (flags.background) server.endWhenIdle()
  else {
    const url = await server.pageUrl()
    print(flags, { url, pid: process.pid }, `Vitrine is at ${url}`)
    if (flags.open && !(await openBrowser(url)) && !flags.json)
      process.stderr.write('vitrine: No browser could be opened; open the address above\n')
  }
  await server.ended
}

/** Where a Vitrine with a page already runs, opens that. */
async function openExisting(flags: ServeFlags): Promise<boolean> {
  const client = await connectLocally(chosenLibraryFolder())
  if (!client) return false
  try {
    const { pageUrl } = await client.api.app.info({})
    if (pageUrl === null) return false
    print(flags, { url: pageUrl }, `Vitrine is already running at ${pageUrl}`)
    if (flags.open) await openBrowser(pageUrl)
    return true
  } finally {
    client.close()
  }
}

interface ServerOptions {
  readonly port: number
  readonly folders: readonly string[]
}

/** A host with its local socket and, from the first time it is wanted, its page. */
class Server {
  readonly ended: Promise<void>
  /** The page's address, once it has been wanted. */
  knownPageUrl: string | undefined
  readonly #options: ServerOptions
  readonly #host: Host
  readonly #end = Promise.withResolvers<void>()
  #page: Promise<BrowserShell> | undefined
  #idleTimer: NodeJS.Timeout | undefined

  private constructor(options: ServerOptions, host: Host, local: { close(): Promise<void> }) {
    this.#options = options
    this.#host = host
    this.ended = this.#end.promise.then(async () => {
      clearInterval(this.#idleTimer)
      await local.close()
      await (await this.#page)?.close()
      await host.dispose()
    })
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => this.#end.resolve())
  }

  static async open(options: ServerOptions, vmThread: URL | undefined): Promise<Server> {
    const address = createLocalAddress()
    let server: Server | undefined
    const host = await Host.open({
      libraryFolder: chosenLibraryFolder(),
      lockNote: { ...address },
      welcome: true,
      shell: {
        openConsole: async ({ id }, watched) => {
          const url = watched ? undefined : await server?.pageUrl()
          if (url) await openBrowser(consoleUrl(url, id))
        },
        pageUrl: () => server?.knownPageUrl ?? null,
        quit: () => server?.end(),
        showFolder: (path) => openBrowser(pathToFileURL(path).href),
      },
      ...(vmThread ? { vmThread } : {}),
    })
    try {
      server = new Server(options, host, await listenLocally(host, address))
      return server
    } catch (error) {
      await host.dispose()
      throw error
    }
  }

  /** Starts the page where it does not run. */
  async pageUrl(): Promise<string> {
    this.#page ??= startBrowserShell(this.#host, this.#options)
    try {
      this.knownPageUrl = (await this.#page).url
    } catch (error) {
      this.#page = undefined
      this.#end.resolve()
      await this.ended
      const { code } = error as NodeJS.ErrnoException
      throw code === 'EADDRINUSE' || code === 'EACCES'
        ? usageError(`The port ${this.#options.port} cannot be used (${code})`)
        : error
    }
    return this.knownPageUrl
  }

  end(): void {
    this.#end.resolve()
  }

  /** Ends when there has been nothing to do for a while. */
  endWhenIdle(): void {
    let idleSinceMs = performance.now()
    this.#idleTimer = setInterval(() => {
      if (this.#host.machines.runningCount > 0 || this.#host.connectionCount > 0) idleSinceMs = performance.now()
      else if (performance.now() - idleSinceMs > IDLE_END_MS) this.#end.resolve()
    }, 1000)
  }
}
