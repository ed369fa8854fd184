/**
 * The local socket of a running host, through which the command line speaks to it. Its place and a token stand in the
 * library's lock file, which only the user may read; nothing listens on the network.
 */
import { randomBytes, randomUUID, timingSafeEqual } from 'node:crypto'
import { chmodSync, lstatSync, mkdirSync, rmSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { AppError } from '../../../core/base/errors.ts'
import { z } from '../../../core/base/schema.ts'
import { type Client, createClient } from '../../../core/contract/client.ts'
import type { Host } from '../../host.ts'
import { libraryLockFile } from '../../host.ts'
import { lockOwner } from '../../library/lock-file.ts'
import { streamTransport } from './stream-transport.ts'

/** Where a host can be reached. */
export interface LocalAddress {
  readonly socket: string
  readonly token: string
}

/** The client's first message. */
const greetingSchema = z.strictObject({ token: z.string() })
const GREETING_TIMEOUT_MS = 5000
/** A host that has just taken its library is about to listen. */
const CONNECT_ATTEMPTS = 50
const CONNECT_PAUSE_MS = 100

/** A folder for sockets that only this user can enter: their paths must be short (108 bytes on Linux), libraries' may be long. */
function socketFolder(): string {
  const folder = join(process.env['XDG_RUNTIME_DIR'] || tmpdir(), `vitrine-${userInfo().uid}`)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const stat = lstatSync(folder)
  if (!stat.isDirectory() || stat.uid !== userInfo().uid)
    throw new AppError('library/io', `The folder ${folder} belongs to somebody else`)
  chmodSync(folder, 0o700)
  return folder
}

/** A new address; it goes into the lock's note. */
export function createLocalAddress(): LocalAddress {
  const name = `vitrine-${randomUUID()}`
  const socket = process.platform === 'win32' ? `\\\\.\\pipe\\${name}` : join(socketFolder(), `${name.slice(-12)}.sock`)
  return { socket, token: randomBytes(32).toString('hex') }
}

/** Takes connections at `address` for `host`. */
export async function listenLocally(host: Host, address: LocalAddress): Promise<{ close(): Promise<void> }> {
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    greet(socket, address.token, () => host)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(address.socket, resolve)
  })
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          if (process.platform !== 'win32') rmSync(address.socket, { force: true })
          resolve()
        })
        for (const socket of sockets) socket.destroy()
      }),
  }
}

/** Connects whoever knows the token. */
function greet(socket: Socket, token: string, host: () => Host): void {
  const transport = streamTransport(socket)
  const timer = setTimeout(() => socket.destroy(), GREETING_TIMEOUT_MS)
  transport.onClose = () => clearTimeout(timer)
  transport.onMessage = (message) => {
    clearTimeout(timer)
    const greeting = greetingSchema.safeParse(message)
    if (greeting.success && isSame(greeting.data.token, token))
      host().connect(transport, { shell: 'local', hostPaths: true, folders: [] })
    else socket.destroy()
  }
}

/** Compares secrets without telling by the time it takes where they differ. */
export function isSame(a: string, b: string): boolean {
  const [bytesA, bytesB] = [Buffer.from(a), Buffer.from(b)]
  return bytesA.length === bytesB.length && timingSafeEqual(bytesA, bytesB)
}

/** A client of the host that has the library open; undefined when none has. */
export async function connectLocally(libraryFolder: string): Promise<Client | undefined> {
  for (let attempt = 0; attempt < CONNECT_ATTEMPTS; attempt++) {
    const owner = lockOwner(libraryLockFile(libraryFolder))
    if (!owner) return undefined
    const { socket: path, token } = owner.note
    if (!path || !token)
      throw new AppError('library/locked', `Process ${owner.pid} has the library open and takes no commands`, {
        context: { pid: owner.pid },
      })
    const socket = await tryConnect(path)
    if (socket) {
      const transport = streamTransport(socket)
      const client = createClient(transport)
      transport.send({ token })
      await client.ready
      return client
    }
    await new Promise((resolve) => setTimeout(resolve, CONNECT_PAUSE_MS))
  }
  throw new AppError('library/locked', 'The Vitrine that has the library open does not answer')
}

function tryConnect(path: string): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.removeAllListeners('error')
      resolve(socket)
    })
    socket.once('error', () => resolve(undefined))
  })
}
