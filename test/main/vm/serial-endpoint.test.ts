/** Serial lines on files and sockets, with real peers and the fake machine, which answers in capitals. */
import { once } from 'node:events'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { type AddressInfo, createServer, connect as dial, type Socket } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { MachineSettingsInput } from '../../../core/contract/machine-spec.ts'
import { connect, everything, openFakeHost } from '../../support/fake-host.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

type Port = NonNullable<MachineSettingsInput['serialPorts']>[number]

async function startWith(port: Port) {
  const host = await openFakeHost()
  const { api } = connect(host)
  const { id } = await api.library.create({ settings: { name: 'One', serialPorts: [port] } })
  await api.machine.start({ id })
  /** The first line of the log with this text, as soon as it is there. */
  const logged = (search: string) =>
    expect
      .poll(async () => (await api.library.logs({ id, search })).lines.length, { timeout: 30_000 })
      .toBeGreaterThan(0)
  const lastLog = async (search: string) => (await api.library.logs({ id, search })).lines.at(-1) ?? ''
  return { host, api, id, logged, lastLog }
}

/** Everything that comes until it contains `text`. */
function reads(socket: Socket, text: string): Promise<string> {
  let seen = ''
  return new Promise((resolve, reject) => {
    socket.on('data', (bytes) => {
      seen += String(bytes)
      if (seen.includes(text)) resolve(seen)
    })
    socket.on('close', () => reject(new Error(`closed after ${JSON.stringify(seen)}`)))
  })
}

async function visit(target: { host: string; port: number } | { path: string }): Promise<Socket> {
  const socket = dial(target)
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect')
  return socket
}

describe('a serial line', () => {
  test('waits on a TCP port of this computer, for one visitor at a time', async () => {
    const { logged, lastLog, api, id } = await startWith({ port: 1, kind: 'tcp', address: '127.0.0.1:0' })
    await logged('COM1 waits at')
    const port = Number(/127\.0\.0\.1:(\d+)$/.exec(await lastLog('COM1 waits at'))?.[1])
    const socket = await visit({ host: '127.0.0.1', port })
    const answer = reads(socket, 'DIR')
    socket.write('dir')
    expect(await answer).toContain('DIR')
    const second = await visit({ host: '127.0.0.1', port })
    await once(second, 'close')
    socket.destroy()
    await logged('COM1 is disconnected')
    const third = await visit({ host: '127.0.0.1', port })
    const again = reads(third, 'VER')
    third.write('ver')
    await again
    await api.machine.powerOff({ id })
    await expect(visit({ host: '127.0.0.1', port })).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  test('connects to a TCP port, and again when the line was cut', async () => {
    const visitors: Socket[] = []
    const server = createServer((socket) => void visitors.push(socket))
    onTestFinished(() => void server.close())
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    await startWith({ port: 1, kind: 'tcp', address: `127.0.0.1:${port}`, listens: false })
    await expect.poll(() => visitors.length, { timeout: 30_000 }).toBe(1)
    visitors[0]?.destroy()
    await expect.poll(() => visitors.length, { timeout: 30_000 }).toBe(2)
    const [, line] = visitors
    if (!line) throw new Error('no line')
    const answer = reads(line, 'MEM')
    line.write('mem')
    expect(await answer).toContain('MEM')
  })

  test.skipIf(process.platform === 'win32')('waits on a socket of the file system that is nobody else’s', async () => {
    const path = join(temporaryFolder(), 'com1.sock')
    const { logged, api, id } = await startWith({ port: 1, kind: 'pipe', file: path })
    await logged('COM1 waits at')
    expect(statSync(path).mode & 0o777).toBe(0o600)
    const socket = await visit({ path })
    const answer = reads(socket, 'CLS')
    socket.write('cls')
    await answer
    await api.machine.powerOff({ id })
    expect(existsSync(path)).toBe(false)
  })

  test('goes elsewhere while the machine runs', async () => {
    const { api, id, host } = await startWith({ port: 1 })
    const file = join(host.libraryFolder, 'One/out.txt')
    const card = await api.library.update({ id, patch: { serialPorts: [{ port: 1, kind: 'file', file: 'out.txt' }] } })
    expect(card.spec.pending).toBeNull()
    await api.machine.typeText({ id, text: 'hello' })
    await expect
      .poll(() => (existsSync(file) ? readFileSync(file, 'utf8') : ''), { timeout: 30_000 })
      .toContain('hello')
  })

  test('that cannot be opened is told, and the machine runs', async () => {
    const { api, id, lastLog, logged } = await startWith({ port: 1, kind: 'pipe', file: '/nonexistent/com1.sock' })
    await logged('COM1 cannot wait')
    expect(await lastLog('COM1 cannot wait')).toContain('/nonexistent/com1.sock')
    expect((await api.library.get({ id })).state).toBe('running')
  })

  test('waits for nobody but this computer, and a page connects it to nothing else', async () => {
    const host = await openFakeHost()
    const page = connect(host, { ...everything, shell: 'browser', hostPaths: false }).api
    const create = (port: Port) => page.library.create({ settings: { name: 'One', serialPorts: [port] } })
    await expect(create({ port: 1, kind: 'tcp', address: '0.0.0.0:2323' })).rejects.toMatchObject({
      code: 'ipc/invalid-argument',
    })
    await expect(create({ port: 1, kind: 'tcp', address: 'example.com:23', listens: false })).rejects.toMatchObject({
      code: 'ipc/forbidden',
    })
    await expect(create({ port: 1, kind: 'pipe', file: '/tmp/x.sock' })).rejects.toMatchObject({
      code: 'ipc/forbidden',
    })
    expect(await create({ port: 1, kind: 'tcp', address: '127.0.0.1:0' })).toMatchObject({ kind: 'machine' })
  })
})
