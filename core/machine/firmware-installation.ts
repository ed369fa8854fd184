/** Chooses a machine's firmware: ours, whose ROM code traps into TypeScript, or somebody else's, which runs on the chips alone. */
import { buildKernelRom, checkKernel, KERNEL_BOOT_SERVICE, startKernel } from '../firmware/boot/kernel-boot.ts'
import type { FirmwareConfig, KernelBoot } from '../firmware/machine.ts'
import { isTrapAddress } from '../firmware/trap.ts'
import type { RomFiles } from '../memory/pc-memory-map.ts'
import { type BridgeParts, createFirmwareMachine } from './firmware-bridge.ts'
import type { MachineConfig } from './machine.ts'

/** The installed firmware as the machine uses it. */
export interface InstalledFirmware {
  readonly roms: RomFiles
  isTrapAddress(linear: number): boolean
  trap(service: number): void
  /** Forgets what was half done, before the processor starts anew. */
  reset(): void
}

const BOOT_KINDS = { floppy: 'floppy', disk: 'disk', cdrom: 'cd' } as const

function kernelOf({ kernel }: MachineConfig): KernelBoot | undefined {
  if (!kernel) return undefined
  checkKernel(kernel.image)
  return { image: kernel.image, commandLine: kernel.append, ...(kernel.initrd ? { initrd: kernel.initrd } : {}) }
}

/** @throws AppError `firmware/bad-image` for a kernel or ROM that is none */
export function installFirmware(config: MachineConfig, parts: Omit<BridgeParts, 'config'>): InstalledFirmware {
  const kernel = kernelOf(config)
  const firmwareConfig: FirmwareConfig = {
    ramBytes: config.memoryMib * 2 ** 20,
    bootOrder: config.bootOrder.map((kind) => BOOT_KINDS[kind]),
    bootMenu: config.bootMenu,
    bootMenuWaitMs: 0,
    acpi: true,
    serialConsole: false,
    version: '0.1.0',
    ...(kernel ? { kernel } : {}),
  }
  const machine = createFirmwareMachine({ ...parts, config: firmwareConfig })
  const { firmware } = config
  if (!firmware) return { roms: {}, isTrapAddress, trap: () => {}, reset: () => {} }
  return {
    roms: {
      systemBios: firmware.bios,
      ...(firmware.vgaBios ? { videoBios: firmware.vgaBios } : {}),
      ...(kernel ? { optionRoms: [buildKernelRom()] } : {}),
    },
    // Only the option ROM's one trap exists then.
    isTrapAddress: (linear) => kernel !== undefined && isTrapAddress(linear),
    trap: (service) => {
      if (kernel && service === KERNEL_BOOT_SERVICE) startKernel(machine, kernel)
    },
    reset: () => {},
  }
}
