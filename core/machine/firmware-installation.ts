/** Chooses a machine's firmware: ours, whose ROM code traps into TypeScript, or somebody else's, which runs on the chips alone. */
import type { RomFiles } from '../memory/pc-memory-map.ts'
import type { BridgeParts } from './firmware-bridge.ts'
import type { MachineConfig } from './machine.ts'

/** The installed firmware as the machine uses it. */
export interface InstalledFirmware {
  readonly roms: RomFiles
  isTrapAddress(linear: number): boolean
  trap(service: number): void
  /** Forgets what was half done, before the processor starts anew. */
  reset(): void
}

export function installFirmware(config: MachineConfig, _parts: Omit<BridgeParts, 'config'>): InstalledFirmware {
  const { firmware } = config
  const none = { isTrapAddress: () => false, trap: () => {}, reset: () => {} }
  if (firmware)
    return {
      roms: { systemBios: firmware.bios, ...(firmware.vgaBios ? { videoBios: firmware.vgaBios } : {}) },
      ...none,
    }
  return { roms: {}, ...none }
}
