/** Slow paths of memory accesses: everything that the inline TLB check does not settle. */
import { slowFunction, slowPath } from '../ops/runtime.ts'
import { SCRATCH } from '../state/layout.ts'

/** Reads 1, 2 or 4 bytes: (segment, offset, bytes). */
export const readPath = slowFunction('read', 3, (cpu, segment, offset, bytes) =>
  cpu.access.read(segment, offset >>> 0, bytes),
)
/** Reads 8 or 16 bytes into SCRATCH, and returns its address: (segment, offset, bytes). */
export const readWidePath = slowFunction('read_wide', 3, (cpu, segment, offset, bytes) => {
  cpu.access.readWide(segment, offset >>> 0, bytes)
  return SCRATCH
})
/** Prepares a write: (segment, offset, bytes, read present content too). Returns the host address to store to. */
export const probePath = slowFunction('probe', 4, (cpu, segment, offset, bytes, read) =>
  cpu.access.probe(segment, offset >>> 0, bytes, read !== 0),
)
/** Finishes a write prepared by `probe` that went to SCRATCH. */
export const commitPath = slowPath('commit', 0, (cpu) => cpu.access.commit())
