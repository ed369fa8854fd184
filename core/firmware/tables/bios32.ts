/** The "_32_" structure that leads protected-mode callers to the BIOS32 service directory. */
import type { FirmwareMachine } from '../machine.ts'
import { SYSTEM_ROM_BASE, TABLES } from '../rom/layout.ts'
import { systemLabels } from '../rom/system-rom.ts'
import { putText, setChecksum } from './checksum.ts'

export function installBios32(machine: FirmwareMachine): void {
  const header = new Uint8Array(16)
  putText(header, 0, '_32_')
  new DataView(header.buffer).setUint32(4, SYSTEM_ROM_BASE + systemLabels()('bios32_entry'), true)
  header[9] = 1 // paragraphs
  machine.patchRom(TABLES.bios32, setChecksum(header, 10))
}
