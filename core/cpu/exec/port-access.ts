/** IN and OUT: permission (IOPL and the TSS's bitmap, Intel SDM vol 1, 18.5) and the port bus. */
import { slowFunction, slowPath } from '../ops/runtime.ts'
import * as L from '../state/layout.ts'
import type { Cpu } from './cpu.ts'
import { ioPrivileged } from './interrupts.ts'
import { GP } from './segments.ts'

/** Raises #GP(0) unless `bytes` ports from `port` may be accessed. */
export function checkPorts(cpu: Cpu, port: number, bytes: number): void {
  const { state } = cpu
  const { u32 } = state
  // CPL 0 is never above IOPL; it is 3 in virtual-8086 mode.
  if (u32[L.CPL >> 2] === 0 || !state.protectedMode || (!state.vm86 && ioPrivileged(cpu))) return
  const base = state.segmentBase(L.TR)
  const limit = state.segmentLimit(L.TR)
  if (!(state.segmentAttributes(L.TR) & 0x800) || limit < 103) cpu.raise(GP, 0)
  const at = cpu.readSystem(base + 102, 2) + (port >>> 3)
  // Two bytes are always read, so the byte behind the bitmap must exist.
  if (at + 1 > limit) cpu.raise(GP, 0)
  const bits = cpu.readSystem(base + at, 2) >>> (port & 7)
  if (bits & ((1 << bytes) - 1)) cpu.raise(GP, 0)
}

export function readPort(cpu: Cpu, port: number, bytes: number): number {
  if (cpu.state.u32[L.ACCESS_CHECKS >> 2]) cpu.watchPorts(port, bytes)
  return bytes === 1 ? cpu.ports.read8(port) : bytes === 2 ? cpu.ports.read16(port) : cpu.ports.read32(port)
}

export function writePort(cpu: Cpu, port: number, bytes: number, value: number): void {
  if (cpu.state.u32[L.ACCESS_CHECKS >> 2]) cpu.watchPorts(port, bytes)
  if (bytes === 1) cpu.ports.write8(port, value)
  else if (bytes === 2) cpu.ports.write16(port, value)
  else cpu.ports.write32(port, value)
}

/** (port, bytes) -> value */
export const portIn = slowFunction('port_in', 2, (cpu, port, bytes) => {
  checkPorts(cpu, port, bytes)
  return readPort(cpu, port, bytes)
})

/** (port, bytes, value) */
export const portOut = slowPath('port_out', 3, (cpu, port, bytes, value) => {
  checkPorts(cpu, port, bytes)
  writePort(cpu, port, bytes, value)
})
