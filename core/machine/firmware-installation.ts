/** Chooses a machine's firmware: ours, whose ROM code traps into TypeScript, or somebody else's, which runs on the chips alone. */
import { parseWith, z } from '../base/schema.ts'
import { kernelFormat } from '../firmware/boot/kernel.ts'
import { Firmware } from '../firmware/firmware.ts'
import type { FirmwareConfig } from '../firmware/machine.ts'
import { buildKernelRom } from '../firmware/rom/kernel-rom.ts'
import { buildSystemRom } from '../firmware/rom/system-rom.ts'
import { buildVgaRom } from '../firmware/rom/vga-rom.ts'
import { isTrapAddress } from '../firmware/trap.ts'
import type { RomFiles } from '../memory/pc-memory-map.ts'
import type { StateRecord } from '../state/state-value.ts'
import { type BridgeParts, createFirmwareMachine } from './firmware-bridge.ts'
import type { MachineConfig } from './machine.ts'

/** Shown on the first line at start. */
const VERSION = '0.1.0'

/** The installed firmware as the machine uses it. */
export interface InstalledFirmware {
  readonly roms: RomFiles
  isTrapAddress(linear: number): boolean
  trap(service: number): void
  /** Forgets what was half done, before the processor starts anew. */
  reset(): void
  /** Whether a saved state can be taken between the present instructions. */
  readonly quiescent: boolean
  save(): StateRecord
  restore(record: StateRecord): void
}

const stateSchema = z.strictObject({ token: z.int().min(0).max(0xffff) })

function firmwareConfig(config: MachineConfig): FirmwareConfig {
  const { kernel } = config
  return {
    ramBytes: config.memoryMib * 2 ** 20,
    bootOrder: config.bootOrder,
    bootMenu: config.bootMenu,
    bootMenuWaitMs: config.bootMenuWaitMs ?? 0,
    acpi: config.acpi ?? true,
    serialConsole: false,
    version: VERSION,
    ...(kernel
      ? {
          kernel: {
            image: kernel.image,
            commandLine: kernel.append,
            ...(kernel.initrd ? { initrd: kernel.initrd } : {}),
          },
        }
      : {}),
  }
}

/** Throws `firmware/bad-image` for a kernel that no loader takes. */
export function installFirmware(config: MachineConfig, parts: Omit<BridgeParts, 'config'>): InstalledFirmware {
  const { firmware: other, kernel } = config
  if (kernel) kernelFormat(kernel.image)
  const firmware = new Firmware(createFirmwareMachine({ ...parts, config: firmwareConfig(config) }))
  return {
    roms: other
      ? {
          systemBios: other.bios,
          videoBios: other.vgaBios ?? buildVgaRom(),
          optionRoms: kernel ? [buildKernelRom()] : [],
        }
      : { systemBios: buildSystemRom(), videoBios: buildVgaRom() },
    // Over other firmware with its own video BIOS, nothing but the kernel's option ROM traps.
    isTrapAddress: (linear) => !(other?.vgaBios && !kernel) && isTrapAddress(linear),
    trap: (service) => firmware.trap(service),
    reset: () => firmware.reset(),
    get quiescent() {
      return firmware.quiescent
    },
    save: () => ({ token: firmware.token }),
    restore(record) {
      firmware.reset()
      firmware.token = parseWith(stateSchema, record, 'State of the firmware', 'state/corrupt').token
    },
  }
}
