/**
 * Runs around every test file: it fails when threads, child processes, sockets or file watchers are left behind, each of
 * which is a machine that somebody forgot to shut down.
 */
import type { Worker } from 'node:worker_threads'
import { afterAll } from 'vitest'

const watched = new Set(['TCPServerWrap', 'TCPSocketWrap', 'UDPWrap', 'ProcessWrap', 'FSEventWrap'])
/** How long what was closed may take to be gone. */
const graceMs = 2000

const threads = new Set<Worker>()
process.on('worker', (worker: Worker) => {
  threads.add(worker)
  worker.once('exit', () => threads.delete(worker))
})

function inUse(): string[] {
  return process.getActiveResourcesInfo().filter((kind) => watched.has(kind))
}

const before = inUse().length

function leaks(): string[] {
  const resources = inUse()
  return [...Array.from(threads, () => 'Worker'), ...(resources.length > before ? resources : [])]
}

afterAll(async () => {
  const deadline = performance.now() + graceMs
  while (leaks().length > 0 && performance.now() < deadline) await new Promise((done) => setTimeout(done, 10))
  const left = leaks()
  if (left.length > 0) throw new Error(`Left behind by the tests of this file: ${left.join(', ')}`)
}, graceMs * 2)
