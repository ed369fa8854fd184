/**
 * Intel 440FX host bridge (82441FX PMC): its configuration space, the shadowing of ROM by RAM below 1 MiB through the PAM
 * registers, and the SMRAM register. DRAM timing, ECC and buffers are registers that keep what is written.
 * Source: Intel 82441FX data sheet (290549-001), 3.2. Unsupported: system management mode; SMRAM can be opened, never entered.
 */
import { z } from '../../base/schema.ts'
import { PciConfig, type PciConfigState } from '../../bus/pci-config.ts'
import { PcMemoryMap, type RomPlan } from '../../memory/pc-memory-map.ts'
import { type Device, type DeviceContext, defineDevice, type StateRecord } from '../device.ts'

/**
 * Programmable attribute map, 59h to 5Fh (3.2.17). In the first register only the high half counts, for F0000-FFFFF; then each
 * half is 16 KiB, from C0000 on.
 */
const PAM0 = 0x59
const PAM_COUNT = 7
const PAM_READ = 1
const PAM_WRITE = 2
/** SMRAM control (3.2.19). */
const SMRAM = 0x72
const SMRAM_OPEN = 0x40
const SMRAM_LOCK = 0x10
const SMRAM_ENABLE = 0x08
/** The only base segment there is: A0000. */
const SMRAM_DEFAULT = 0x02

/** There is nothing to set. */
const options = z.strictObject({})

/** Device 0 of the PCI bus, and the owner of RAM and ROM in the address map. */
export class I440fx implements Device {
  readonly #config = new PciConfig({
    vendorId: 0x8086,
    deviceId: 0x1237,
    classCode: 0x06_0000,
    revision: 2,
    // By this subsystem firmware made for virtual machines knows that memory sizes stand in CMOS.
    subsystemVendorId: 0x1af4,
    subsystemId: 0x1100,
  })
  readonly #memory: PcMemoryMap
  readonly #pam = new Uint8Array(PAM_COUNT)
  #smram = SMRAM_DEFAULT
  #closeSmram: (() => void) | undefined

  constructor(context: DeviceContext) {
    this.#memory = new PcMemoryMap(context.memory)
    defineRegisters(this.#config)
    this.#config.onWrite = (offset, size) => this.#written(offset, offset + size - 1)
    context.pci.add(0, 0, this.#config)
    this.#applyPam(true)
  }

  /** Puts the machine's ROMs into the address map. Called once, before power-on. */
  installRoms(plan: RomPlan): void {
    this.#memory.install(plan)
    this.#applyPam(true)
  }

  reset(): void {
    this.#config.reset()
    this.#apply()
  }

  save(): StateRecord {
    return { config: this.#config.save() }
  }

  restore(record: StateRecord): void {
    this.#config.restore(record['config'] as PciConfigState)
    this.#apply()
  }

  dispose(): void {
    this.#closeSmram?.()
    this.#config.dispose()
  }

  #written(first: number, last: number): void {
    if (last >= SMRAM && first <= SMRAM) this.#writeSmram(this.#config.read(SMRAM, 1))
    if (last >= PAM0 && first < PAM0 + PAM_COUNT) this.#applyPam(false)
  }

  #apply(): void {
    this.#smram = this.#config.read(SMRAM, 1)
    this.#applySmram()
    this.#applyPam(false)
  }

  /** `all`: ROMs have changed, so that equal registers can mean other pages. */
  #applyPam(all: boolean): void {
    for (let i = 0; i < PAM_COUNT; i++) {
      const value = this.#config.read(PAM0 + i, 1)
      if (!all && value === this.#pam[i]) continue
      this.#pam[i] = value
      const start = 0xc_0000 + (i - 1) * 0x8000
      if (i === 0) this.#shadow(0xf_0000, 0x1_0000, value >>> 4)
      else {
        this.#shadow(start, 0x4000, value & 0xf)
        this.#shadow(start + 0x4000, 0x4000, value >>> 4)
      }
    }
  }

  #shadow(gpa: number, bytes: number, attributes: number): void {
    this.#memory.shadow(gpa, bytes, (attributes & PAM_READ) !== 0, (attributes & PAM_WRITE) !== 0)
  }

  /** The lock bit clears the open bit and keeps the register as it is until reset. */
  #writeSmram(value: number): void {
    if (!(this.#smram & SMRAM_LOCK)) this.#smram = value & SMRAM_LOCK ? value & ~SMRAM_OPEN : value
    this.#config.set(SMRAM, 1, this.#smram)
    this.#applySmram()
  }

  #applySmram(): void {
    const open = (this.#smram & (SMRAM_OPEN | SMRAM_ENABLE)) === (SMRAM_OPEN | SMRAM_ENABLE)
    if (open) this.#closeSmram ??= this.#memory.openVideoRam()
    else {
      this.#closeSmram?.()
      this.#closeSmram = undefined
    }
  }
}

function defineRegisters(config: PciConfig): void {
  // Memory access and bus mastering cannot be turned off, I/O not on; only SERR# can be written (3.2.3).
  config.define(0x04, 2, 0x0006, { writable: 0x0100 })
  config.define(0x06, 2, 0x0280, { clearable: 0x7000 })
  config.define(0x0c, 2, 0, { writable: 0xf800 })
  config.define(0x3c, 1, 0)
  config.define(0x50, 2, 0x8000, { writable: 0xffff }) // PMC configuration
  config.define(0x52, 2, 0x0100, { writable: 0x07ff }) // deturbo counter, DBX control
  config.define(0x54, 4, 0, { writable: 0xffff_ffff }) // auxiliary control, DRAM control and timing
  config.define(0x58, 1, 0, { writable: 0xff })
  config.define(PAM0, 1, 0, { writable: 0x30 })
  for (let i = 1; i < PAM_COUNT; i++) config.define(PAM0 + i, 1, 0, { writable: 0x33 })
  for (let row = 0; row < 8; row++) config.define(0x60 + row, 1, 1, { writable: 0xff }) // DRAM row boundaries
  config.define(0x68, 1, 0, { writable: 0xc0 }) // fixed DRAM hole
  config.define(0x70, 2, 0, { writable: 0xffff }) // multi-transaction and CPU latency timers
  config.define(SMRAM, 1, SMRAM_DEFAULT, { writable: 0x78 })
  config.define(0x90, 4, 0, { writable: 0x07ff_ffff }) // error command, error status, turbo reset control
}

export const i440fx = defineDevice({
  id: 'i440fx',
  label: 'Intel 440FX host bridge',
  role: 'chipset',
  version: 1,
  options,
  create: (context) => new I440fx(context),
})
