/** Control registers: what writing them checks and changes (Intel SDM vol 3A, 2.5 and 4.4.1). */
import * as L from '../state/layout.ts'
import type { Cpu } from './cpu.ts'

const GP = 13
const PE = 1
const ET = 0x10
const NW = 0x2000_0000
const CD = 0x4000_0000
const PG = 0x8000_0000
const CR0_WRITABLE = 0xe005_003f
const CR0_WRITABLE_386 = 0x8000_001f
const PAE = 0x20
const PGE = 0x80

/** Loads the four page directory pointers that PAE keeps in the processor. */
function loadPdptes(cpu: Cpu, cr3: number): void {
  const { u32 } = cpu.state
  const at = cr3 & 0xffff_ffe0
  const entries: number[] = []
  for (let i = 0; i < 8; i++) entries.push(cpu.map.read((at + i * 4) >>> 0, 4))
  for (let i = 0; i < 4; i++) {
    // Reserved bits 1, 2, 5 to 8 of present entries.
    if (entries[i * 2] & 1 && (entries[i * 2] & 0x1e6 || entries[i * 2 + 1] & 0xffff_fff0)) cpu.raise(GP, 0)
  }
  for (let i = 0; i < 8; i++) u32[(L.PDPTES >> 2) + i] = entries[i]
}

export function setCr0(cpu: Cpu, value: number): void {
  const { u32 } = cpu.state
  const old = u32[L.CR0 >> 2]
  value &= cpu.profile.disabledFeatures.has('486') ? CR0_WRITABLE_386 : CR0_WRITABLE
  if ((value & PG && !(value & PE)) || (value & NW && !(value & CD))) cpu.raise(GP, 0)
  const next = (value | ET) >>> 0
  const paging = (next ^ old) & (PG | 0x1_0000 | PE)
  if (next & PG && !(old & PG) && u32[L.CR4 >> 2] & PAE) loadPdptes(cpu, u32[L.CR3 >> 2])
  u32[L.CR0 >> 2] = next
  if (paging) cpu.flushTlb()
  cpu.updateMode()
}

export function setCr3(cpu: Cpu, value: number): void {
  const { u32 } = cpu.state
  if (cpu.paging && u32[L.CR4 >> 2] & PAE) loadPdptes(cpu, value)
  u32[L.CR3 >> 2] = value
  cpu.flushSpace()
}

/** CR4 bits that the profile has: VME and PVI never, TSD, DE, PSE, PAE, PGE, PCE, OSFXSR and OSXMMEXCPT with their features. */
function cr4Mask(cpu: Cpu): number {
  const edx = cpu.profile.featuresEdx
  let mask = 0
  if (edx & 0x10) mask |= 4
  if (edx & 0x8000) mask |= 0x100
  if (edx & 4) mask |= 8
  if (edx & 8) mask |= 0x10
  if (edx & 0x40) mask |= PAE
  if (edx & 0x80) mask |= 0x40
  if (edx & 0x2000) mask |= PGE
  if (edx & 0x100_0000) mask |= 0x200
  if (edx & 0x200_0000) mask |= 0x400
  return mask | 0x40
}

export function setCr4(cpu: Cpu, value: number): void {
  const { u32 } = cpu.state
  const old = u32[L.CR4 >> 2]
  if (value & ~cr4Mask(cpu)) cpu.raise(GP, 0)
  if (value & PAE && !(old & PAE) && cpu.paging) loadPdptes(cpu, u32[L.CR3 >> 2])
  u32[L.CR4 >> 2] = value
  if ((value ^ old) & (PAE | PGE | 0x10)) cpu.flushTlb()
  cpu.updateMode()
}
