/** Our chips behind the interface by which tests drive QEMU's: the same scenario runs on both. */
import type { FakeContext } from './fake-context.ts'
import type { ChipAccess } from './qemu-chips.ts'

/** How long one wait lasts in virtual time. */
const WAIT_NS = 50_000

/** Makes the ports and the memory of a machine without a processor look like QEMU's. */
export function chipAccess(context: FakeContext): ChipAccess {
  const { ports, memory } = context
  return {
    in8: async (port) => ports.read8(port),
    in16: async (port) => ports.read16(port),
    in32: async (port) => ports.read32(port),
    out8: async (port, value) => ports.write8(port, value),
    out16: async (port, value) => ports.write16(port, value),
    out32: async (port, value) => ports.write32(port, value),
    inWords: async (port, count) =>
      new Uint8Array(Uint16Array.from({ length: count }, () => ports.read16(port)).buffer),
    outWords: async (port, data) => {
      for (const word of new Uint16Array(data.slice().buffer)) ports.write16(port, word)
    },
    readMemory: async (gpa, bytes) => {
      const into = new Uint8Array(bytes)
      memory.readBytes(gpa, into)
      return into
    },
    writeMemory: async (gpa, data) => memory.writeBytes(gpa, data),
    wait: async () => context.advance(WAIT_NS),
  }
}
