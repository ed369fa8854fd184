import { expect, it } from 'vitest'
import { openMedium } from '../../../core/disk/open.ts'
import { createOverlay } from '../../../core/disk/open-image.ts'
import { MemoryByteStore } from '../../support/memory-byte-store.ts'

it('refuses what would make a raw disk pass for an image that names other files', () => {
  const disguise = new MemoryByteStore(0)
  createOverlay(disguise, { backingFile: '/etc/shadow', backingFormat: 'raw', sizeBytes: 1 << 20 })
  const store = new MemoryByteStore(1 << 20)
  const disk = openMedium(store, { kind: 'disk' })
  expect(() => disk.writeSectors(0, 2, disguise.bytes)).toThrow(
    expect.objectContaining({ code: 'disk/unsupported-format', message: expect.stringContaining('qcow2') }),
  )
  expect(store.bytes.every((byte) => byte === 0)).toBe(true)
  disk.writeSectors(1, 2, disguise.bytes)
  disk.writeSectors(0, 1, new Uint8Array(512).fill(0xe9))
  expect(store.bytes[0]).toBe(0xe9)
})
