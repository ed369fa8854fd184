/** Downloads from a server of this computer that drops connections, lies, and has nothing. */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { DownloadRecord } from '../../../core/contract/download-record.ts'
import { other } from '../../../core/templates/other.ts'
import { Downloads } from '../../../main/downloads/downloads.ts'
import { HostEvents } from '../../../main/host-events.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const FILE = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7) & 0xff))
const SHA256 = createHash('sha256').update(FILE).digest('hex')

async function setUp(listener: RequestListener, change: { bytes?: number; sha256?: string; path?: string } = {}) {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  server.closeIdleConnections()
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${change.path ?? '/disk.img'}`
  const events = new HostEvents()
  const told: DownloadRecord[] = []
  events.subscribe(({ event, data }) => {
    if (event === 'download-changed') told.push(data.download)
  })
  const folder = temporaryFolder()
  const { bytes = FILE.length, sha256 = SHA256 } = change
  const download = { url, fileName: 'disk.img', bytes, sha256, title: 'A disk' }
  const downloads = new Downloads(folder, [{ ...other, id: 'free', download }], events)
  onTestFinished(() => downloads.dispose())
  /** Starts, and resolves with the end of it. */
  const run = async () => {
    const from = told.length
    downloads.start('free')
    await expect.poll(() => told.slice(from).some(({ state }) => state !== 'running')).toBe(true)
    return told.at(-1) as DownloadRecord
  }
  const parts = () => readdirSync(folder, { recursive: true }).filter((name) => String(name).endsWith('.part'))
  return { downloads, run, told, folder, parts }
}

/** Sends the file, from the beginning that is asked for. */
const serve: RequestListener = (request, response) => {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0)
  if (from > 0) {
    response.writeHead(206, { 'content-range': `bytes ${from}-${FILE.length - 1}/${FILE.length}` })
  } else response.writeHead(200, { 'content-length': FILE.length })
  response.end(FILE.subarray(from))
}

describe('downloads', () => {
  test('come whole, are verified, and are there afterwards', async () => {
    const { run, downloads, parts } = await setUp(serve)
    const end = await run()
    expect(end).toMatchObject({ state: 'done', doneBytes: FILE.length, error: null })
    expect(readFileSync(end.file ?? '').equals(FILE)).toBe(true)
    expect(parts()).toEqual([])
    expect(downloads.start('free')).toEqual(end)
    expect(downloads.list()).toEqual([end])
    expect(() => downloads.start('nothing')).toThrow('There is nothing to download for nothing')
  })

  test('that are cut off go on where they ended, with and without ranges', async () => {
    const ranges: (string | undefined)[] = []
    const held: Parameters<RequestListener>[1][] = []
    const cut: RequestListener = (request, response) => {
      ranges.push(request.headers.range)
      if (ranges.length > 2) return serve(request, response)
      const from = Number(/\d+/.exec(request.headers.range ?? '')?.[0] ?? 0)
      response.writeHead(from > 0 ? 206 : 200, {
        'content-length': FILE.length - from,
        'content-range': `bytes ${from}-${FILE.length - 1}/${FILE.length}`,
      })
      response.write(FILE.subarray(from, from + 100_000))
      held.push(response)
    }
    const { downloads, told } = await setUp(cut)
    downloads.start('free')
    for (const doneBytes of [100_000, 200_000]) {
      await expect.poll(() => downloads.list()[0]?.doneBytes).toBe(doneBytes)
      held.shift()?.destroy()
    }
    await expect.poll(() => told.at(-1)?.state).toBe('done')
    expect(readFileSync(told.at(-1)?.file ?? '').equals(FILE)).toBe(true)
    expect(ranges).toEqual([undefined, 'bytes=100000-', 'bytes=200000-'])

    let asked = 0
    const plain: RequestListener = (_, response) => {
      response.writeHead(200, { 'content-length': FILE.length })
      if (++asked > 1) return void response.end(FILE)
      response.write(FILE.subarray(0, 50_000), () => response.destroy())
    }
    expect((await (await setUp(plain)).run()).state).toBe('done')
  })

  test('that are not what they should be are thrown away', async () => {
    const wrong = await setUp(serve, { sha256: '0'.repeat(64) })
    expect(await wrong.run()).toMatchObject({ state: 'failed', file: null, error: { code: 'disk/corrupt-image' } })
    expect(wrong.parts()).toEqual([])
    const long = await setUp(serve, { bytes: 1000 })
    expect((await long.run()).error?.message).toMatch(/larger than it should be/)
    const short = await setUp(serve, { bytes: FILE.length + 1 })
    expect((await short.run()).error?.code).toBe('library/io')
  })

  test('fail with what the server says, and from addresses that are not safe', async () => {
    const missing = await setUp((_, response) => void response.writeHead(404).end())
    expect((await missing.run()).error?.message).toBe('The server answers with 404 Not Found')
    const away = await setUp((_, response) => void response.writeHead(302, { location: 'http://example.org/x' }).end())
    expect((await away.run()).error).toMatchObject({ code: 'ipc/forbidden' })
    const round = await setUp((_, response) => void response.writeHead(302, { location: '/again' }).end())
    expect((await round.run()).error?.message).toMatch(/without end/)
    const redirected = await setUp((request, response) => {
      if (request.url === '/disk.img') response.writeHead(301, { location: '/other.img' }).end()
      else serve(request, response)
    })
    expect((await redirected.run()).state).toBe('done')
  })

  test('that are cancelled keep what is there', async () => {
    let response: Parameters<RequestListener>[1] | undefined
    const { downloads, told, folder } = await setUp((_, answer) => {
      response = answer
      answer.writeHead(200, { 'content-length': FILE.length })
      answer.write(FILE.subarray(0, 10_000))
    })
    downloads.start('free')
    await expect.poll(() => told.some(({ doneBytes }) => doneBytes > 0)).toBe(true)
    await downloads.cancel('free')
    response?.destroy()
    expect(told.at(-1)).toMatchObject({ state: 'cancelled', error: null })
    expect(existsSync(join(folder, SHA256.slice(0, 16), 'disk.img.part'))).toBe(true)
  })
})
