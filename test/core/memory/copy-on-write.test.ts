/** Two threads on one memory: the writer gets every page as it was when it began, however the other one writes meanwhile. */
import { Worker } from 'node:worker_threads'
import { expect, it } from 'vitest'
import { createCopyOnWriteBuffers, PageCollector, PagePreserver } from '../../../core/memory/copy-on-write.ts'
import { Random } from '../../support/random.ts'

const PAGE = 4096
const PAGES = 2048

/** Each word of page n holds n in round 0. */
function filled(): Uint8Array {
  const memory = new Uint8Array(new SharedArrayBuffer(PAGES * PAGE))
  const words = new Uint32Array(memory.buffer)
  for (let i = 0; i < words.length; i++) words[i] = i >>> 10
  return memory
}

it('gives the old content of pages written before and after they were read', () => {
  const memory = filled()
  const buffers = createCopyOnWriteBuffers(PAGES)
  const preserver = new PagePreserver(memory, buffers)
  const collector = new PageCollector(memory, buffers)
  const into = new Uint8Array(PAGE)
  const write = (page: number) => {
    preserver.preserve(page)
    memory.fill(0xee, page * PAGE, (page + 1) * PAGE)
  }
  const read = (page: number) => {
    collector.read(page, into, 0)
    return new Uint32Array(into.buffer)[1023]
  }
  write(5)
  expect(read(5)).toBe(5)
  expect(read(6)).toBe(6)
  write(6)
  write(7)
  collector.skip(8)
  write(8)
  expect(read(7)).toBe(7)
  // Slot 0 came back and was used again.
  expect(preserver.slots).toBe(1)
})

it('stands up to a second thread that writes as fast as it can', async () => {
  const memory = filled()
  const buffers = createCopyOnWriteBuffers(PAGES)
  const done = new Int32Array(new SharedArrayBuffer(4))
  const source = `
    const { workerData } = require('node:worker_threads')
    import(workerData.module).then(({ PagePreserver }) => {
      const memory = new Uint8Array(workerData.memory)
      const words = new Uint32Array(workerData.memory)
      const done = new Int32Array(workerData.done)
      const preserver = new PagePreserver(memory, workerData.buffers)
      const touched = new Set()
      let x = 7
      Atomics.store(done, 0, 1)
      Atomics.notify(done, 0)
      while (Atomics.load(done, 0) < 2) {
        x = (Math.imul(x, 1664525) + 1013904223) >>> 0
        const page = x % ${PAGES}
        if (!touched.has(page)) {
          preserver.preserve(page)
          touched.add(page)
        }
        words.fill(0xffffffff, page * 1024, (page + 1) * 1024)
      }
    })`
  const worker = new Worker(source, {
    eval: true,
    workerData: {
      module: new URL('../../../core/memory/copy-on-write.ts', import.meta.url).href,
      memory: memory.buffer,
      done: done.buffer,
      buffers,
    },
  })
  const ended = new Promise((resolve) => worker.on('exit', resolve))
  Atomics.wait(done, 0, 0)
  const collector = new PageCollector(memory, buffers)
  const random = new Random(3)
  const order = Array.from({ length: PAGES }, (_, page) => page).sort(() => random.below(3) - 1)
  const into = new Uint8Array(PAGE)
  const words = new Uint32Array(into.buffer)
  const torn: number[] = []
  for (const page of order) {
    collector.read(page, into, 0)
    if (words.some((word) => word !== page)) torn.push(page)
  }
  Atomics.store(done, 0, 2)
  await ended
  expect(torn).toEqual([])
})
