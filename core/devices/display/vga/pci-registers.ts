/**
 * The 4 KiB of registers that the PCI function shows in memory, for drivers that want no ports:
 *
 *   000  EDID of the monitor (128 bytes, then zeros)
 *   400  VGA ports 3C0h to 3DFh
 *   500  VBE registers, two bytes each
 *   600  size of the following extension (8), byte order of the frame buffer (fixed: little-endian)
 *
 * Source: QEMU "Standard VGA" specification, "MMIO area spec".
 */
import type { MmioHandler } from '../../../memory/address-map.ts'
import { buildEdid } from './edid.ts'
import type { VgaPorts } from './ports.ts'
import type { VbeRegisters } from './vbe.ts'

export const PCI_REGISTER_BYTES = 0x1000
const EDID_END = 0x400
const PORTS = 0x400
const PORT_COUNT = 0x20
const VBE = 0x500
const VBE_BYTES = 0x16
const EXTENSION = 0x600
const EXTENSION_BYTES = 8
const LITTLE_ENDIAN = 0x1e

/** Makes the handler. The PCI range is aligned to its size, so that the low address bits tell the register. */
export function createPciRegisters(ports: VgaPorts, vbe: VbeRegisters): MmioHandler {
  const edid = buildEdid()
  const readByte = (offset: number): number => {
    if (offset < EDID_END) return edid[offset] ?? 0
    if (offset >= PORTS && offset < PORTS + PORT_COUNT) return ports.read(0x3c0 + offset - PORTS)
    if (offset >= VBE && offset < VBE + VBE_BYTES) {
      return (vbe.read((offset - VBE) >>> 1) >>> ((offset & 1) * 8)) & 0xff
    }
    if (offset < EXTENSION || offset >= EXTENSION + EXTENSION_BYTES) return 0xff
    return offset === EXTENSION ? EXTENSION_BYTES : offset < EXTENSION + 4 ? 0 : LITTLE_ENDIAN
  }
  return {
    read: (gpa, size) => {
      const offset = gpa & (PCI_REGISTER_BYTES - 1)
      let value = 0
      for (let i = 0; i < size; i++) value |= readByte(offset + i) << (8 * i)
      return value
    },
    write: (gpa, size, value) => {
      const offset = gpa & (PCI_REGISTER_BYTES - 1)
      for (let i = 0; i < size; i++) {
        const at = offset + i
        if (at >= PORTS && at < PORTS + PORT_COUNT) ports.write(0x3c0 + at - PORTS, (value >>> (8 * i)) & 0xff)
        else if (at >= VBE && at < VBE + VBE_BYTES && !(at & 1) && i + 1 < size) {
          vbe.write((at - VBE) >>> 1, (value >>> (8 * i)) & 0xffff)
        }
      }
    },
  }
}
