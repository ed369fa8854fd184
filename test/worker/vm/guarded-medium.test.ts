/** The host's disk fails at random moments under a guest that writes: it stands still, goes on, and has noticed nothing. */
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { AppError } from '../../../core/base/errors.ts'
import type { ImageHost } from '../../../core/disk/disk-image.ts'
import { imageFormat } from '../../../core/disk/formats/catalogue.ts'
import { MemoryBlockDevice } from '../../../core/disk/memory-block-device.ts'
import { createOverlay, openImage } from '../../../core/disk/open-image.ts'
import { createMachine } from '../../../core/machine/builder.ts'
import { fileImageHost } from '../../../worker/files/image-host.ts'
import { GuardedMedium } from '../../../worker/vm/guarded-medium.ts'
import { type CountingWay, countingDisk, countOf } from '../../support/counting-guest.ts'
import { FaultyStore } from '../../support/faulty-store.ts'
import { testMachineConfig } from '../../support/machine-config.ts'
import { MemoryByteStore } from '../../support/memory-byte-store.ts'
import { describeWith, pathOf } from '../../support/needs.ts'
import { Random } from '../../support/random.ts'
import { records } from '../../support/saved-machine.ts'
import { tool } from '../../support/tools.ts'

const NASM = tool('nasm')
const POINTS = Number(process.env['VITRINE_FUZZ_ROUNDS'] ?? 6)
const SEED = Number(process.env['VITRINE_FUZZ_SEED'] ?? 1)
const SLICES = 12
const SLICE_NS = 1_000_000
const PAGES = 16
/** A point is a run of a machine. */
const POINT_MS = 60_000

type FaultyCalls = NonNullable<FaultyStore['fault']>

interface Run {
  readonly fingerprint: unknown
  /** Calls of the image's store that could have failed. */
  readonly calls: number
  readonly failures: readonly string[]
  readonly image: MemoryByteStore
  readonly base: Uint8Array
  readonly count: number
  readonly output: string
}

/** Runs the guest on an overlay; `fault` comes over the overlay's file, and goes when the guest has stood still. */
function run(disk: Uint8Array, fault?: FaultyCalls): Run {
  const base = disk.slice()
  const image = new MemoryByteStore(0)
  createOverlay(image, { backingFile: 'base.img', backingFormat: 'raw', sizeBytes: base.length })
  const store = new FaultyStore(image)
  const host: ImageHost = {
    ...fileImageHost,
    resolve: (_path, name) => name,
    open: () => new MemoryByteStore(base, { readOnly: true }),
  }
  const failures: string[] = []
  const medium = openImage(store, host, { path: 'overlay.qcow2', readOnly: false })
  const guarded = new GuardedMedium(medium, ({ code }) => {
    failures.push(code)
    return true
  })
  const machine = createMachine(
    testMachineConfig({ memoryMib: 4, videoMemoryMib: 1, drives: [{ slot: 'hda', kind: 'disk', medium: guarded }] }),
  )
  store.calls = 0
  store.fault = fault
  let output = ''
  const [com1] = machine.serialPorts
  if (com1)
    com1.onOutput = (byte) => {
      output += String.fromCharCode(byte)
    }
  try {
    for (let i = 0; i < SLICES; i++) {
      machine.runSlice(SLICE_NS)
      // As the thread of a machine does from time to time.
      if (i % 7 === 6) guarded.settle()
    }
    while (!machine.canSave) machine.runSlice(1000)
    guarded.flush()
    const sector = new Uint8Array(512)
    const content = createHash('sha256')
    for (let lba = 0; lba < medium.sectors; lba++) {
      medium.readSectors(lba, 1, sector)
      content.update(sector)
    }
    const readSector = (lba: number) => {
      medium.readSectors(lba, 1, sector)
      return sector
    }
    return {
      fingerprint: {
        state: records(machine.saveState()),
        memory: createHash('sha256').update(Uint8Array.from(machine.memory.saved)).digest('hex'),
        disk: content.digest('hex'),
        output,
      },
      calls: store.calls,
      failures,
      image,
      base,
      count: countOf(machine.memory.ram, readSector, PAGES),
      output,
    }
  } finally {
    machine.dispose()
  }
}

describeWith([NASM], 'A guest whose disk fails on the host', () => {
  it.each(['bios', 'ports'] satisfies CountingWay[])(
    `stands still, and loses and notices nothing: ${POINTS} moments, sectors written by the %s`,
    (way) => {
      const disk = countingDisk(pathOf(NASM), PAGES, way)
      const smooth = run(disk)
      expect(smooth.count).toBeGreaterThan(3)
      expect(smooth.output).toMatch(/^\.+$/)
      const random = new Random(SEED)
      for (let point = 0; point < POINTS; point++) {
        const fault: FaultyCalls = {
          at: random.below(smooth.calls),
          count: 1 + random.below(3),
          code: random.below(2) === 0 ? 'disk/full' : 'disk/io',
          partialBytes: random.below(3) === 0 ? random.below(600) : 0,
        }
        const what = JSON.stringify({ SEED, point, fault })
        const rough = run(disk, fault)
        expect(rough.failures.length, what).toBeGreaterThan(0)
        expect(new Set(rough.failures), what).toEqual(new Set([fault.code]))
        expect(rough.fingerprint, what).toEqual(smooth.fingerprint)
        const request = { store: rough.image, host: fileImageHost, path: 'overlay.qcow2', readOnly: true }
        const report = imageFormat('qcow2').check?.(request, false)
        expect(report, what).toMatchObject({ errors: 0 })
      }
    },
    POINTS * POINT_MS,
  )
})

describe('a guarded medium', () => {
  const failing = (failures: number) => {
    const medium = new MemoryBlockDevice(new Uint8Array(1024).fill(7))
    let left = failures
    const fail = () => {
      if (left-- > 0) throw new AppError('disk/io', 'Broken')
    }
    return {
      ...{ sectorBytes: 512, sectors: 2, readOnly: false },
      readSectors(lba: number, count: number, into: Uint8Array, offset = 0) {
        fail()
        medium.readSectors(lba, count, into, offset)
      },
      writeSectors(lba: number, count: number, from: Uint8Array, offset = 0) {
        fail()
        medium.writeSectors(lba, count, from, offset)
      },
      flush: fail,
      close() {},
    }
  }

  it('reads again once, and then tells the guest; writes as often as it is told to', () => {
    let asked = 0
    const ask = () => {
      asked++
      return asked < 5
    }
    const sector = new Uint8Array(512)
    new GuardedMedium(failing(1), ask).readSectors(1, 1, sector)
    expect(sector[0]).toBe(7)
    expect(asked).toBe(1)
    expect(() => new GuardedMedium(failing(2), ask).readSectors(1, 1, sector)).toThrow('Broken')
    expect(asked).toBe(2)
    new GuardedMedium(failing(2), ask).writeSectors(1, 1, sector)
    expect(asked).toBe(4)
    expect(() => new GuardedMedium(failing(9), ask).flush()).toThrow('Broken')
    expect(asked).toBe(5)
  })
})
