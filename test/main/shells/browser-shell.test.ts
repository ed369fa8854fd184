import { mkdirSync, readdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { connect } from 'node:net'
import { dirname, join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { createClient } from '../../../core/contract/client.ts'
import { machineSettingsSchema } from '../../../core/contract/machine-spec.ts'
import { webSocketTransport } from '../../../core/contract/socket-transport.ts'
import { startBrowserShell } from '../../../main/shells/browser/browser-shell.ts'
import { openFakeHost } from '../../support/fake-host.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

/** A page with a secret beside it. */
function createPage(): string {
  const folder = temporaryFolder()
  const page = join(folder, 'page')
  mkdirSync(join(page, 'assets'), { recursive: true })
  writeFileSync(join(page, 'index.html'), '<!doctype html><title>Vitrine</title>')
  writeFileSync(join(page, 'assets/app.js'), 'export {}')
  writeFileSync(join(page, '.hidden.js'), 'hidden')
  writeFileSync(join(folder, 'secret.js'), 'secret')
  symlinkSync(join(folder, 'secret.js'), join(page, 'link.js'))
  return page
}

async function openShell(folders: string[] = []) {
  const host = await openFakeHost()
  const shell = await startBrowserShell(host, { port: 0, folders, pageFolder: createPage() })
  onTestFinished(() => shell.close())
  const { port, searchParams } = new URL(shell.url)
  const token = searchParams.get('token') ?? ''
  return { host, port: Number(port), token, cookie: `vitrine-${port}=${token}` }
}

interface Answer {
  status: number
  body: string
  headers: Record<string, string | string[] | undefined>
}

function get(port: number, path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    // The path goes out as it is: fetch would tidy it up.
    const outgoing = request({ host: '127.0.0.1', port, path, method, headers }, (incoming) => {
      let body = ''
      incoming.on('data', (data) => {
        body += data
      })
      incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, body, headers: incoming.headers }))
    })
    outgoing.on('error', reject)
    outgoing.end()
  })
}

/** Tries to open a WebSocket; resolves with the status of a refusal, or 101. */
function upgrade(port: number, path: string, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { headers })
    socket.on('open', () => {
      socket.terminate()
      resolve(101)
    })
    socket.on('unexpected-response', (_, response) => {
      resolve(response.statusCode ?? 0)
      socket.terminate()
    })
    socket.on('error', () => {})
  })
}

describe('the page', () => {
  test('is given to a browser that came with the token, which leaves the address', async () => {
    const { port, token, cookie } = await openShell()
    const first = await get(port, `/?token=${token}`)
    expect(first.status).toBe(303)
    expect(first.headers['location']).toBe('/')
    expect(first.headers['set-cookie']).toEqual([`${cookie}; Path=/; HttpOnly; SameSite=Strict`])
    const page = await get(port, '/', { Cookie: `other=1; ${cookie}` })
    expect(page).toMatchObject({ status: 200, body: '<!doctype html><title>Vitrine</title>' })
    expect(page.headers['content-type']).toBe('text/html; charset=utf-8')
    expect((await get(port, '/assets/app.js', { Cookie: cookie })).headers['content-type']).toBe(
      'text/javascript; charset=utf-8',
    )
  })

  test('comes with a strict content security policy and never to a frame', async () => {
    const { port, cookie } = await openShell()
    const { headers } = await get(port, '/', { Cookie: cookie })
    const policy = String(headers['content-security-policy'])
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("script-src 'self';")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).not.toMatch(/unsafe-eval|https?:|\*/)
    expect(headers['x-content-type-options']).toBe('nosniff')
    expect(headers['referrer-policy']).toBe('no-referrer')
  })

  test('is refused without a cookie, and with a wrong token or cookie', async () => {
    const { port, token, cookie } = await openShell()
    const wrong = token.replace(/^./, (first) => (first === '0' ? '1' : '0'))
    expect((await get(port, '/')).status).toBe(403)
    expect((await get(port, '/assets/app.js')).status).toBe(403)
    expect((await get(port, `/?token=${wrong}`)).status).toBe(403)
    expect((await get(port, '/?token=')).status).toBe(403)
    expect((await get(port, `/?token=${wrong}`, { Cookie: cookie })).status).toBe(403)
    expect((await get(port, '/', { Cookie: `vitrine-${port}=${wrong}` })).status).toBe(403)
    expect((await get(port, '/', { Cookie: `vitrine-${port + 1}=${token}` })).status).toBe(403)
  })

  test('is refused under any other name, as DNS rebinding needs one', async () => {
    const { port, cookie } = await openShell()
    for (const host of [
      `evil.example:${port}`,
      `127.0.0.1.evil.example:${port}`,
      '127.0.0.1',
      `0.0.0.0:${port}`,
      `[::1]:${port}`,
    ]) {
      expect((await get(port, '/', { Cookie: cookie, Host: host })).status, host).toBe(421)
    }
    expect((await get(port, '/', { Cookie: cookie, Host: `localhost:${port}` })).status).toBe(200)
  })

  test('never shows files outside its folder', async () => {
    const { port, cookie } = await openShell()
    const paths = [
      '/../secret.js',
      '/%2e%2e/secret.js',
      '/..%2fsecret.js',
      '/assets/..%2f..%2fsecret.js',
      '/..\\secret.js',
      '/%5c..%5csecret.js',
      '/link.js',
      '/.hidden.js',
      '//secret.js',
      '/assets/',
      '/index.html%00.js',
      '/%',
      'http://127.0.0.1/../secret.js',
      '/assets/app.js/../../../secret.js',
    ]
    for (const path of paths) {
      const answer = await get(port, path, { Cookie: cookie })
      expect([400, 404], path).toContain(answer.status)
      expect(answer.body, path).not.toContain('secret')
    }
  })

  test('is only read', async () => {
    const { port, cookie } = await openShell()
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS'])
      expect((await get(port, '/', { Cookie: cookie }, method)).status).toBe(405)
    expect(await get(port, '/', { Cookie: cookie }, 'HEAD')).toMatchObject({ status: 200, body: '' })
  })
})

describe('the contract', () => {
  test('is spoken with pages of this shell alone', async () => {
    const { port, cookie, token } = await openShell()
    const good = { Cookie: cookie, Origin: `http://127.0.0.1:${port}` }
    expect(await upgrade(port, '/contract', good)).toBe(101)
    expect(await upgrade(port, '/contract', { ...good, Origin: `http://localhost:${port}` })).toBe(101)
    expect(await upgrade(port, '/contract', { Origin: good.Origin })).toBe(403)
    expect(await upgrade(port, '/contract', { Cookie: cookie })).toBe(403)
    expect(await upgrade(port, '/other', good)).toBe(403)
    expect(await upgrade(port, `/contract?token=${token}`, { Origin: good.Origin })).toBe(403)
    for (const origin of [
      'http://evil.example',
      `http://127.0.0.1:${port + 1}`,
      `https://127.0.0.1:${port}`,
      'null',
      `http://127.0.0.1:${port}.evil.example`,
    ])
      expect(await upgrade(port, '/contract', { ...good, Origin: origin }), origin).toBe(403)
    expect(await upgrade(port, '/contract', { ...good, Host: `evil.example:${port}` })).toBe(403)
  })

  test('works over a WebSocket, without the right to name files of the host', async () => {
    const media = temporaryFolder()
    writeFileSync(join(media, 'floppy.img'), new Uint8Array(1440 * 1024))
    const outside = join(temporaryFolder(), 'other.img')
    writeFileSync(outside, new Uint8Array(1440 * 1024))
    symlinkSync(outside, join(media, 'escape.img'))
    const { port, cookie } = await openShell([media])
    const socket = new WebSocket(`ws://127.0.0.1:${port}/contract`, {
      headers: { Cookie: cookie, Origin: `http://127.0.0.1:${port}` },
    })
    const client = createClient(webSocketTransport(socket as never))
    onTestFinished(() => client.close())
    await client.ready
    expect(await client.api.app.info({})).toMatchObject({ shell: 'browser', hostPaths: false, pageUrl: null })
    const forbidden = { code: 'ipc/forbidden' }
    for (const path of [outside, join(media, 'escape.img'), join(media, '../x.img'), media]) {
      await expect(client.api.library.importImage({ source: { kind: 'path', path } }), path).rejects.toMatchObject(
        forbidden,
      )
      await expect(
        client.api.library.create({ settings: { name: 'A', drives: [{ slot: 'fda', kind: 'floppy', file: path }] } }),
        path,
      ).rejects.toMatchObject(forbidden)
    }
    await expect(
      client.api.library.create({ settings: { name: 'A', serialPorts: [{ port: 1, kind: 'file', file: outside }] } }),
    ).rejects.toMatchObject(forbidden)
    await expect(
      client.api.library.create({ settings: { name: 'A', boot: { kernel: { file: outside } } } }),
    ).rejects.toMatchObject(forbidden)
    await expect(
      client.api.library.create({ settings: { name: 'A', firmware: { kind: 'external', bios: outside } } }),
    ).rejects.toMatchObject(forbidden)
    const { id } = await client.api.library.create({
      settings: { name: 'A', drives: [{ slot: 'fda', kind: 'floppy', file: join(media, 'floppy.img') }] },
    })
    await expect(
      client.api.library.update({ id, patch: { drives: [{ slot: 'fda', kind: 'floppy', file: outside }] } }),
    ).rejects.toMatchObject(forbidden)
    await expect(
      client.api.machine.insertMedia({ id, slot: 'fda', source: { kind: 'path', path: outside } }),
    ).rejects.toMatchObject(forbidden)
  })

  test('names no folder or file of the host in any other way, but media that were in a drive before', async () => {
    const { port, cookie, host } = await openShell()
    const outside = join(temporaryFolder(), 'other.img')
    writeFileSync(outside, new Uint8Array(1440 * 1024))
    const socket = new WebSocket(`ws://127.0.0.1:${port}/contract`, {
      headers: { Cookie: cookie, Origin: `http://127.0.0.1:${port}` },
    })
    const client = createClient(webSocketTransport(socket as never))
    onTestFinished(() => client.close())
    const { api } = client
    const { id } = await api.library.createFromTemplate({ template: 'freedos', disk: { kind: 'none' } })
    const source = { kind: 'path', path: outside } as const
    const port1 = { port: 1, kind: 'pipe', file: outside } as const
    const calls: Readonly<Record<string, () => Promise<unknown>>> = {
      'a disk of a new machine': () =>
        api.library.createFromTemplate({ template: 'freedos', disk: { kind: 'existing', source } }),
      'a medium of a new machine': () =>
        api.library.createFromTemplate({ template: 'freedos', media: [{ slot: 'fda', source }] }),
      'a folder to move to': () => api.library.move({ id, into: dirname(outside) }),
      'a folder to add': () => api.library.addFolder({ path: dirname(outside) }),
      'the place of the library': () => api.app.changeSettings({ libraryFolder: dirname(outside) }),
      'a socket of a serial port': () => api.library.update({ id, patch: { serialPorts: [port1] } }),
      'a file to export to': () => api.snapshot.exportMachine({ id, file: `${outside}.vitrine` }),
      'a file to import': () => api.snapshot.importMachine({ file: outside }),
      'a medium': () => api.machine.insertMedia({ id, slot: 'fda', source }),
    }
    for (const [what, call] of Object.entries(calls))
      await expect(call(), what).rejects.toMatchObject({ code: 'ipc/forbidden' })
    await host.machines.insert(id, 'fda', outside, false)
    await api.machine.ejectMedia({ id, slot: 'fda' })
    const again = await api.machine.insertMedia({ id, slot: 'fda', source })
    expect(again.spec.drives.find(({ slot }) => slot === 'fda')?.file).toBe(outside)
  })

  test('survives what is no message', async () => {
    const { port, cookie } = await openShell()
    const socket = new WebSocket(`ws://127.0.0.1:${port}/contract`, {
      headers: { Cookie: cookie, Origin: `http://127.0.0.1:${port}` },
    })
    await new Promise((resolve) => socket.once('open', resolve))
    for (const message of [
      '',
      'no json',
      '[]',
      'null',
      '{"type":"request"}',
      '{"type":"request","id":-1,"method":"x"}',
      new Uint8Array(3),
      new Uint8Array(40).fill(3),
    ])
      socket.send(message)
    const client = createClient(webSocketTransport(socket as never))
    onTestFinished(() => client.close())
    expect(await client.api.library.list({})).toEqual([])
  })

  test.runIf(process.platform === 'linux')('leaves nothing of the host listening elsewhere', async () => {
    const { host } = await openShell()
    const serialPorts = [{ port: 1, kind: 'tcp', address: '127.0.0.1:0' } as const]
    const { spec } = await host.machines.library.add(async () =>
      machineSettingsSchema.parse({ name: 'A', serialPorts }),
    )
    await host.machines.start(spec.id, {})
    const addresses = () => listeningAddresses()
    // The page and the serial port.
    await expect.poll(() => addresses().length, { timeout: 30_000 }).toBeGreaterThanOrEqual(2)
    // 127.0.0.1 as the kernel writes it, in the order of this processor's bytes. Source: proc(5), /proc/net/tcp.
    for (const address of addresses()) expect(address).toBe('0100007F')
  })

  test('listens on loopback only', async () => {
    const { port } = await openShell()
    // Any other address of this computer refuses; 127.0.0.2 is one on Linux, where 127.0.0.1 alone is bound.
    const answer = await new Promise<string>((resolve) => {
      const socket = connect({ host: '127.0.0.2', port })
      socket.once('connect', () => {
        socket.destroy()
        resolve('connected')
      })
      socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''))
    })
    expect(answer).not.toBe('connected')
  })
})

/** Local addresses of this process's listening TCP sockets, in hexadecimal. */
function listeningAddresses(): string[] {
  const own = new Set(
    readdirSync('/proc/self/fd').flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${fd}`))?.[1] ?? []
      } catch {
        return []
      }
    }),
  )
  const rows = ['tcp', 'tcp6'].flatMap((table) => readFileSync(`/proc/net/${table}`, 'utf8').split('\n').slice(1))
  return rows.flatMap((row) => {
    const [, local, , state, , , , , , inode] = row.trim().split(/\s+/)
    return state === '0A' && own.has(inode ?? '') ? [local?.split(':')[0] ?? ''] : []
  })
}
