/**
 * The browser shell: the page and the contract over HTTP and WebSocket on 127.0.0.1, for computers without a desktop and for
 * tests. The address with the token is the key; a browser that has opened it carries a cookie from then on.
 */
import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { WebSocketServer } from 'ws'
import { CONTRACT_PATH } from '../../../core/contract/shell-bridge.ts'
import { webSocketTransport } from '../../../core/contract/socket-transport.ts'
import type { Host } from '../../host.ts'
import { cookieHeader, type Gate, hasCookie, hasOwnHost, hasOwnOrigin, hasToken, SECURITY_HEADERS } from './security.ts'
import { readStaticFile } from './static-files.ts'

const pageFolder = fileURLToPath(new URL('../../../dist/renderer/', import.meta.url))

/** A chunk of an upload with its header fits; nothing that is larger has any use. */
const MAX_MESSAGE_BYTES = 4 << 20

export interface BrowserShellOptions {
  /** 0: any free port. */
  readonly port: number
  /** Folders whose files the page may name by path. */
  readonly folders: readonly string[]
  /** The built page, for tests. */
  readonly pageFolder?: string
}

export interface BrowserShell {
  /** The address to open, with the token. */
  readonly url: string
  close(): Promise<void>
}

/** Serves `host` until it is closed. Throws the error of the port when that is not free. */
export async function startBrowserShell(host: Host, options: BrowserShellOptions): Promise<BrowserShell> {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE_BYTES, perMessageDeflate: false })
  const server = createServer()
  await listen(server, options.port)
  const gate: Gate = { port: (server.address() as AddressInfo).port, token: randomBytes(32).toString('hex') }
  const folder = options.pageFolder ?? pageFolder
  server.on('request', (request, response) => void serve(request, response, gate, folder))
  server.on('upgrade', (request, socket, head) => {
    if (!mayUpgrade(request, gate)) return refuse(socket)
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      host.connect(webSocketTransport(webSocket), { shell: 'browser', hostPaths: false, folders: options.folders })
    })
  })
  return {
    url: `http://127.0.0.1:${gate.port}/?token=${gate.token}`,
    close: () =>
      new Promise((resolve) => {
        for (const client of sockets.clients) client.terminate()
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      server.removeListener('error', reject)
      resolve()
    })
  })
}

function mayUpgrade(request: IncomingMessage, gate: Gate): boolean {
  return (
    request.url === CONTRACT_PATH &&
    hasOwnHost(request, gate) &&
    hasOwnOrigin(request, gate) &&
    hasCookie(request, gate)
  )
}

function refuse(socket: Duplex): void {
  socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
}

async function serve(request: IncomingMessage, response: ServerResponse, gate: Gate, folder: string): Promise<void> {
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value)
  const answer = (status: number, text: string) => {
    response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store' })
    response.end(request.method === 'HEAD' ? undefined : text)
  }
  if (!hasOwnHost(request, gate)) return answer(421, 'Vitrine is not served under this name.\n')
  if (request.method !== 'GET' && request.method !== 'HEAD') return answer(405, 'Only GET.\n')
  const url = parseUrl(request.url)
  if (!url) return answer(400, 'Not an address.\n')
  if (url.searchParams.has('token')) {
    if (!hasToken(url, gate)) return answer(403, 'The token in this address is not valid (any more).\n')
    // The token leaves the address bar and the history.
    response.writeHead(303, { Location: '/', 'Set-Cookie': cookieHeader(gate), 'Cache-Control': 'no-store' })
    response.end()
    return
  }
  if (!hasCookie(request, gate)) return answer(403, 'Open the address that Vitrine has printed.\n')
  const file = await readStaticFile(folder, url.pathname)
  if (!file) return answer(404, 'Not found.\n')
  response.writeHead(200, {
    'Content-Type': file.type,
    'Content-Length': file.contents.length,
    'Cache-Control': file.immutable ? 'private, max-age=31536000, immutable' : 'no-store',
  })
  response.end(request.method === 'HEAD' ? undefined : file.contents)
}

function parseUrl(target: string | undefined): URL | undefined {
  // Absolute forms and "//host" are for proxies.
  if (!target?.startsWith('/') || target.startsWith('//')) return undefined
  try {
    return new URL(target, 'http://vitrine.invalid')
  } catch {
    return undefined
  }
}
