/**
 * Linear to physical addresses: 4 KiB and 4 MiB pages, PAE with 2 MiB pages, global pages, write protection for the supervisor
 * (Intel SDM vol 3A, chapter 4). Accessed and dirty bits are set as the processor does. Physical addresses above 4 GiB reach
 * nothing on this machine.
 */
import type { AddressMap } from '../../memory/address-map.ts'
import type { CpuState } from '../state/cpu-state.ts'
import * as L from '../state/layout.ts'

export const PF_PRESENT = 1
export const PF_WRITE = 2
export const PF_USER = 4
export const PF_RESERVED = 8

/** Bits of table entries. */
export const PRESENT = 1
export const WRITABLE = 2
export const USER = 4
export const ACCESSED = 0x20
export const DIRTY = 0x40
export const LARGE = 0x80
export const GLOBAL = 0x100

/** What a walk found; valid until the next one. */
export class PageWalk {
  /** Physical address of the page's first byte; 4 KiB of it hold the address asked for. Above 2^32: unmapped. */
  page = 0
  /** Whether a write through this translation needs no further walk: allowed and dirty already. */
  writable = false
  /** Whether it was a large page: the TLB drops all of it at once. */
  large = false
  /** Whether the translation outlives a load of CR3. */
  global = false
  /** Error code of the page fault, when `translate` returned false. */
  errorCode = 0

  /** GLOBAL with CR4.PGE. */
  #globalBit = 0
  readonly #map: AddressMap
  readonly #state: CpuState

  /** Reserved bits of a directory entry for 4 MiB: with PSE-36 those above 36 address bits, else all below the base. */
  readonly #reservedLarge: number

  constructor(map: AddressMap, state: CpuState, pse36: boolean) {
    this.#map = map
    this.#reservedLarge = pse36 ? 0x3e_0000 : 0x3f_e000
    this.#state = state
  }

  /** Translates the page of `linear` for a read or write at user or supervisor privilege. False: page fault, see errorCode. */
  translate(linear: number, write: boolean, user: boolean): boolean {
    const { u32 } = this.#state
    const cr0 = u32[L.CR0 >> 2]
    this.large = false
    this.global = false
    if (!(cr0 & 0x8000_0000)) {
      this.page = (linear & 0xffff_f000) >>> 0
      this.writable = true
      return true
    }
    const cr4 = u32[L.CR4 >> 2]
    this.#globalBit = cr4 & 0x80 ? GLOBAL : 0
    return cr4 & 0x20 ? this.#walkPae(linear, write, user, cr0) : this.#walk(linear, write, user, cr0, cr4)
  }

  #fail(present: number, write: boolean, user: boolean, reserved = 0): false {
    this.errorCode = present | (write ? PF_WRITE : 0) | (user ? PF_USER : 0) | reserved
    return false
  }

  /** Whether rights allow the access: user needs U/S on all levels; supervisor writes obey R/W only with CR0.WP. */
  #allowed(rights: number, write: boolean, user: boolean, cr0: number): boolean {
    if (user && !(rights & USER)) return false
    return !write || (rights & WRITABLE) !== 0 || (!user && !(cr0 & 0x1_0000))
  }

  #walk(linear: number, write: boolean, user: boolean, cr0: number, cr4: number): boolean {
    const map = this.#map
    const pdeAt = ((this.#state.u32[L.CR3 >> 2] & 0xffff_f000) + ((linear >>> 22) << 2)) >>> 0
    const pde = map.read(pdeAt, 4)
    if (!(pde & PRESENT)) return this.#fail(0, write, user)
    if (pde & LARGE && cr4 & 0x10) {
      if (pde & this.#reservedLarge) return this.#fail(PF_PRESENT, write, user, PF_RESERVED)
      if (!this.#allowed(pde, write, user, cr0)) return this.#fail(PF_PRESENT, write, user)
      const marked = pde | ACCESSED | (write ? DIRTY : 0)
      if (marked !== pde) map.write(pdeAt, 4, marked)
      // PSE-36: bits 13 to 20 are physical address bits 32 to 39.
      this.large = true
      this.page = ((pde & 0xffc0_0000) >>> 0) + ((pde >>> 13) & 0xff) * 0x1_0000_0000 + (linear & 0x3f_f000)
      this.writable = (marked & DIRTY) !== 0 && this.#allowed(pde, true, user, cr0)
      this.global = (pde & this.#globalBit) !== 0
      return true
    }
    const pteAt = ((pde & 0xffff_f000) + (((linear >>> 12) & 0x3ff) << 2)) >>> 0
    const pte = map.read(pteAt, 4)
    if (!(pte & PRESENT)) return this.#fail(0, write, user)
    const rights = pde & pte
    if (!this.#allowed(rights, write, user, cr0)) return this.#fail(PF_PRESENT, write, user)
    if (!(pde & ACCESSED)) map.write(pdeAt, 4, pde | ACCESSED)
    const marked = pte | ACCESSED | (write ? DIRTY : 0)
    if (marked !== pte) map.write(pteAt, 4, marked)
    this.page = (pte & 0xffff_f000) >>> 0
    this.writable = (marked & DIRTY) !== 0 && this.#allowed(rights, true, user, cr0)
    this.global = (pte & this.#globalBit) !== 0
    return true
  }

  #walkPae(linear: number, write: boolean, user: boolean, cr0: number): boolean {
    const map = this.#map
    const { u32 } = this.#state
    const pdpte = (L.PDPTES >> 2) + ((linear >>> 30) << 1)
    if (!(u32[pdpte] & PRESENT)) return this.#fail(0, write, user)
    if (u32[pdpte + 1]) return this.#fail(0, write, user)
    const pdeAt = ((u32[pdpte] & 0xffff_f000) + (((linear >>> 21) & 0x1ff) << 3)) >>> 0
    const pde = map.read(pdeAt, 4)
    const pdeHigh = map.read(pdeAt + 4, 4)
    if (!(pde & PRESENT)) return this.#fail(0, write, user)
    // Bits above MAXPHYADDR (36) and XD without IA32_EFER.NXE are reserved.
    if (pdeHigh & 0xffff_fff0) return this.#fail(PF_PRESENT, write, user, PF_RESERVED)
    if (pde & LARGE) {
      if (pde & 0x1f_e000) return this.#fail(PF_PRESENT, write, user, PF_RESERVED)
      if (!this.#allowed(pde, write, user, cr0)) return this.#fail(PF_PRESENT, write, user)
      const marked = pde | ACCESSED | (write ? DIRTY : 0)
      if (marked !== pde) map.write(pdeAt, 4, marked)
      this.large = true
      this.page = ((pde & 0xffe0_0000) >>> 0) + pdeHigh * 0x1_0000_0000 + (linear & 0x1f_f000)
      this.writable = (marked & DIRTY) !== 0 && this.#allowed(pde, true, user, cr0)
      this.global = (pde & this.#globalBit) !== 0
      return true
    }
    if (pdeHigh) return this.#fail(0, write, user)
    const pteAt = ((pde & 0xffff_f000) + (((linear >>> 12) & 0x1ff) << 3)) >>> 0
    const pte = map.read(pteAt, 4)
    const pteHigh = map.read(pteAt + 4, 4)
    if (!(pte & PRESENT)) return this.#fail(0, write, user)
    if (pteHigh & 0xffff_fff0) return this.#fail(PF_PRESENT, write, user, PF_RESERVED)
    const rights = pde & pte
    if (!this.#allowed(rights, write, user, cr0)) return this.#fail(PF_PRESENT, write, user)
    if (!(pde & ACCESSED)) map.write(pdeAt, 4, pde | ACCESSED)
    const marked = pte | ACCESSED | (write ? DIRTY : 0)
    if (marked !== pte) map.write(pteAt, 4, marked)
    this.page = ((pte & 0xffff_f000) >>> 0) + pteHigh * 0x1_0000_0000
    this.writable = (marked & DIRTY) !== 0 && this.#allowed(rights, true, user, cr0)
    this.global = (pte & this.#globalBit) !== 0
    return true
  }
}
