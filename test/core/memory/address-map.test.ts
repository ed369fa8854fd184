import { describe, expect, it } from 'vitest'
import { AddressMap, type MmioHandler } from '../../../core/memory/address-map.ts'
import { GuestMemory } from '../../../core/memory/guest-memory.ts'

const constant = (value: number): MmioHandler => ({ read: () => value, write: () => {} })
const FREE = 0x8000_0000

function createMap(): AddressMap {
  const map = new AddressMap(new GuestMemory(0x10_0000, 0))
  map.mapMemory(0, 0x10_0000, map.memory.ramBase, true)
  map.a20 = true
  return map
}

describe('AddressMap windows', () => {
  it('lets the later of two windows answer, and the other again when it goes', () => {
    const map = createMap()
    const removeFirst = map.addWindow(FREE, 0x3000, { mmio: constant(1) })
    const removeSecond = map.addWindow(FREE + 0x1000, 0x3000, { mmio: constant(2) })
    const read = () => [0, 1, 2, 3, 4].map((page) => map.read(FREE + page * 0x1000, 1))
    expect(read()).toEqual([1, 2, 2, 2, 0xff])
    removeSecond()
    expect(read()).toEqual([1, 1, 1, 0xff, 0xff])
    removeFirst()
    removeFirst()
    expect(read()).toEqual([0xff, 0xff, 0xff, 0xff, 0xff])
  })

  it('keeps windows beneath hidden by mappings made later, and shows them again afterwards', () => {
    const map = createMap()
    map.addWindow(FREE, 0x1000, { mmio: constant(1) })
    map.mapMmio(FREE, 0x1000, constant(9))
    expect(map.read(FREE, 1)).toBe(9)
    map.unmap(FREE, 0x1000)
    expect(map.read(FREE, 1)).toBe(1)
  })

  it('covers RAM with a window above it', () => {
    const map = createMap()
    map.write(0xa_0000, 4, 0x1234_5678)
    const remove = map.addWindow(0xa_0000, 0x1000, { mmio: constant(5) }, 'above')
    expect(map.hostForRead(0xa_0000)).toBe(-1)
    expect(map.read(0xa_0000, 4)).toBe(5)
    remove()
    expect(map.read(0xa_0000, 4)).toBe(0x1234_5678)
  })

  it('maps memory in a window page by page', () => {
    const map = createMap()
    map.memory.ram[0x5678] = 0x42
    map.addWindow(FREE, 0x8000, { host: map.memory.ramBase, writable: false })
    expect(map.read(FREE + 0x5678, 1)).toBe(0x42)
    map.write(FREE + 0x5678, 1, 0)
    expect(map.memory.ram[0x5678]).toBe(0x42)
  })

  it('tells the processor of every change', () => {
    const map = createMap()
    let changes = 0
    map.onChange = () => changes++
    map.addWindow(FREE, 0x1000, { mmio: constant(1) })()
    expect(changes).toBe(2)
  })
})
