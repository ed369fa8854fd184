/**
 * The $PIR table: which PIRQ link each PCI pin is wired to ("Microsoft PCI IRQ Routing Table Specification" 1.0). Link values are
 * the routing registers of the PIIX, 60h to 63h.
 */
import { PIRQ_LINES } from '../bios/pci-setup.ts'
import type { FirmwareMachine } from '../machine.ts'
import { TABLES } from '../rom/layout.ts'
import { putText, setChecksum } from './checksum.ts'

const ENTRY_BYTES = 16
const HEADER_BYTES = 32
const FIRST_LINK = 0x60
/** IRQ 3 to 7, 9 to 12, 14, 15: what a PIRQ may be routed to. */
const POSSIBLE_LINES = 0xdef8
const ROUTER_DEVICE = 1
/** 82371FB, whose registers the later PIIX keep. */
const COMPATIBLE_ROUTER = 0x122e_8086
/** All slots that the tables describe: devices 1 to 31. */
const SLOTS = 31

/** The entries alone, as INT 1Ah AX=B10Eh returns them. */
export function pirqEntries(_machine: FirmwareMachine): Uint8Array {
  const entries = new Uint8Array(SLOTS * ENTRY_BYTES)
  const view = new DataView(entries.buffer)
  for (let i = 0; i < SLOTS; i++) {
    const device = i + 1
    entries[i * ENTRY_BYTES + 1] = device << 3
    for (let pin = 0; pin < 4; pin++) {
      const at = i * ENTRY_BYTES + 2 + 3 * pin
      entries[at] = FIRST_LINK + ((device - 1 + pin) & 3)
      view.setUint16(at + 1, POSSIBLE_LINES, true)
    }
    // Devices on the main board have slot number 0.
    entries[i * ENTRY_BYTES + 14] = device <= 2 ? 0 : device
  }
  return entries
}

export function installPirqTable(machine: FirmwareMachine): void {
  const entries = pirqEntries(machine)
  const table = new Uint8Array(HEADER_BYTES + entries.length)
  const view = new DataView(table.buffer)
  putText(table, 0, '$PIR')
  view.setUint16(4, 0x0100, true)
  view.setUint16(6, table.length, true)
  table[9] = ROUTER_DEVICE << 3
  view.setUint16(
    10,
    PIRQ_LINES.reduce((lines, line) => lines | (1 << line), 0),
    true,
  )
  view.setUint32(12, COMPATIBLE_ROUTER, true)
  table.set(entries, HEADER_BYTES)
  machine.patchRom(TABLES.pirqRouting, setChecksum(table, 31))
}
