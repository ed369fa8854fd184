/**
 * Where a serial line goes beside the app's terminal: to the end of a file, or to a socket (TCP, a socket of the file system, a named
 * pipe on Windows) on which it waits for one visitor at a time, or to which it connects again and again.
 */
import { chmodSync, closeSync, lstatSync, openSync, rmSync, writeSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type NetConnectOpts, type Server, type Socket } from 'node:net'
import { AppError } from '../../core/base/errors.ts'
import { parseAddress, type SerialPortSpec } from '../../core/contract/machine-spec.ts'

/** A line whose other end is not there is tried again after this. */
const RETRY_MS = 2000
/** What waits for a visitor who does not read; more is lost, as on a line without flow control. */
const MOST_WAITING_BYTES = 1 << 20

export interface SerialEndpointEvents {
  /** Bytes for the guest. */
  onInput(bytes: Uint8Array): void
  /** What is worth a line in the log. */
  onNote(message: string): void
  /** The line is of no use any more. */
  onProblem(error: AppError): void
}

export interface SerialEndpoint {
  write(bytes: Uint8Array): void
  close(): void
}

/** Opens the other end of a line; undefined where it has none but the terminal. Paths are absolute. What fails is told, not thrown. */
export function openSerialEndpoint(spec: SerialPortSpec, events: SerialEndpointEvents): SerialEndpoint | undefined {
  const { kind, file, address, listens, port } = spec
  const name = `COM${port}`
  if (kind === 'file' && file !== null) return fileEndpoint(name, file, events)
  const target =
    kind === 'tcp' ? parseAddress(address ?? '') : kind === 'pipe' && file !== null ? { path: file } : undefined
  if (!target) return undefined
  return listens ? new WaitingEndpoint(name, target, events) : new CallingEndpoint(name, target, events)
}

function failure(message: string, cause: unknown): AppError {
  const { code, message: why } = cause as NodeJS.ErrnoException
  return new AppError('library/io', `${message} (${code ?? why})`, { cause })
}

function fileEndpoint(name: string, file: string, events: SerialEndpointEvents): SerialEndpoint | undefined {
  let fd: number | undefined
  const close = () => {
    if (fd !== undefined) closeSync(fd)
    fd = undefined
  }
  const failed = (cause: unknown) => {
    close()
    events.onProblem(failure(`Cannot write the file of ${name}`, cause))
  }
  try {
    fd = openSync(file, 'a')
  } catch (cause) {
    failed(cause)
    return undefined
  }
  return {
    close,
    write(bytes) {
      try {
        for (let done = 0; fd !== undefined && done < bytes.length; ) done += writeSync(fd, bytes, done)
      } catch (cause) {
        failed(cause)
      }
    },
  }
}

type Target = { readonly host: string; readonly port: number } | { readonly path: string }

function inWords(target: Target): string {
  if ('path' in target) return target.path
  return target.host.includes(':') ? `[${target.host}]:${target.port}` : `${target.host}:${target.port}`
}

/** What both kinds of sockets have in common: one visitor, whose input goes to the guest. */
class Line {
  readonly name: string
  readonly target: Target
  readonly events: SerialEndpointEvents
  socket: Socket | undefined

  constructor(name: string, target: Target, events: SerialEndpointEvents) {
    this.name = name
    this.target = target
    this.events = events
  }

  take(socket: Socket, onEnd: () => void): void {
    this.socket = socket
    this.events.onNote(`${this.name} is connected`)
    socket.setNoDelay(true)
    socket.on('data', (bytes: Buffer) => this.events.onInput(bytes))
    socket.on('close', () => {
      if (this.socket !== socket) return
      this.socket = undefined
      this.events.onNote(`${this.name} is disconnected`)
      onEnd()
    })
  }

  write(bytes: Uint8Array): void {
    if (this.socket && this.socket.writableLength < MOST_WAITING_BYTES) this.socket.write(bytes)
  }
}

class WaitingEndpoint implements SerialEndpoint {
  readonly #line: Line
  readonly #server: Server
  #isClosed = false

  constructor(name: string, target: Target, events: SerialEndpointEvents) {
    this.#line = new Line(name, target, events)
    this.#server = createServer((socket) => {
      socket.on('error', () => socket.destroy())
      // One at a time: a second one would read half of what the guest says.
      if (this.#line.socket || this.#isClosed) socket.destroy()
      else this.#line.take(socket, () => {})
    })
    this.#server.on('error', (cause) => events.onProblem(failure(`${name} cannot wait at ${inWords(target)}`, cause)))
    this.#server.on('listening', () => {
      const bound = this.#server.address() as AddressInfo | string | null
      if ('path' in target) chmodQuietly(target.path)
      const where = bound !== null && typeof bound === 'object' ? { host: bound.address, port: bound.port } : target
      events.onNote(`${name} waits at ${inWords(where)}`)
    })
    void this.#listen(target)
  }

  async #listen(target: Target): Promise<void> {
    if ('path' in target && process.platform !== 'win32') await removeStaleSocket(target.path)
    if (!this.#isClosed) this.#server.listen(target)
  }

  write(bytes: Uint8Array): void {
    this.#line.write(bytes)
  }

  close(): void {
    this.#isClosed = true
    this.#line.socket?.destroy()
    this.#server.close()
  }
}

/** Nobody but this user may speak to the guest. */
function chmodQuietly(path: string): void {
  try {
    chmodSync(path, 0o600)
  } catch {
    // A named pipe of Windows has no mode.
  }
}

/** A socket that a host has left behind when it was killed: nobody answers at it. */
async function removeStaleSocket(path: string): Promise<void> {
  if (!lstatSync(path, { throwIfNoEntry: false })?.isSocket()) return
  const answers = await new Promise<boolean>((resolve) => {
    const socket = connect({ path })
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
  if (!answers) rmSync(path, { force: true })
}

class CallingEndpoint implements SerialEndpoint {
  readonly #line: Line
  #attempt: Socket | undefined
  #timer: NodeJS.Timeout | undefined
  #isClosed = false
  #hasFailed = false

  constructor(name: string, target: Target, events: SerialEndpointEvents) {
    this.#line = new Line(name, target, events)
    this.#call()
  }

  #call(): void {
    if (this.#isClosed) return
    const { name, target, events } = this.#line
    const socket = connect(target as NetConnectOpts)
    this.#attempt = socket
    socket.on('error', (cause: NodeJS.ErrnoException) => {
      // Said once, not every two seconds.
      if (!this.#hasFailed) events.onNote(`${name} finds nobody at ${inWords(target)} (${cause.code}) and tries again`)
      this.#hasFailed = true
      socket.destroy()
      if (this.#line.socket !== socket) this.#callLater()
    })
    socket.once('connect', () => {
      this.#hasFailed = false
      this.#line.take(socket, () => this.#callLater())
    })
  }

  #callLater(): void {
    if (this.#isClosed) return
    this.#timer = setTimeout(() => this.#call(), RETRY_MS)
    this.#timer.unref()
  }

  write(bytes: Uint8Array): void {
    this.#line.write(bytes)
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
    this.#attempt?.destroy()
  }
}
