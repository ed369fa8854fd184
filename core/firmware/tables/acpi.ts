/**
 * ACPI 1.0b tables: RSDP in the F segment; RSDT, FADT, DSDT at the end of RAM; FACS after them. The fixed hardware is that of the
 * PIIX4 (82371AB datasheet, chapter 11).
 */
import type { FirmwareMachine } from '../machine.ts'
import { TABLES } from '../rom/layout.ts'
import { putText, setChecksum } from './checksum.ts'
import { buildDsdt } from './dsdt.ts'
import { acpiBase, facsBase, hasAcpi } from './memory-map.ts'
import { PM_BASE, SCI_IRQ } from './power.ts'

const OEM_ID = 'VITRIN'
const TABLE_ID = 'VITRINE '
const HEADER_BYTES = 36
const FADT_BYTES = 116
const FACS_BYTES = 64
/** SMI command port and the commands that switch the PIIX4 to ACPI and back. */
const SMI_COMMAND = 0xb2
const ACPI_ENABLE = 0xf1
const ACPI_DISABLE = 0xf0
/** WBINVD works, C1 on every processor, fixed power button, no sleep button. */
const FADT_FLAGS = 0x0000_0025
/** Where PCI memory begins at the lowest. */
const PCI_MEMORY = 0xe000_0000

/** A table with its standard header (5.2.6). */
function table(signature: string, revision: number, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + body.length)
  const view = new DataView(bytes.buffer)
  putText(bytes, 0, signature)
  view.setUint32(4, bytes.length, true)
  bytes[8] = revision
  putText(bytes, 10, OEM_ID, 6)
  putText(bytes, 16, TABLE_ID, 8)
  view.setUint32(24, 1, true)
  putText(bytes, 28, 'VITR')
  view.setUint32(32, 1, true)
  bytes.set(body, HEADER_BYTES)
  return setChecksum(bytes, 9)
}

/** Fixed ACPI description table, revision 1 (5.2.5 of ACPI 1.0b). */
function fadt(facs: number, dsdt: number): Uint8Array {
  const body = new Uint8Array(FADT_BYTES - HEADER_BYTES)
  const view = new DataView(body.buffer)
  const at = (offset: number) => offset - HEADER_BYTES
  view.setUint32(at(36), facs, true)
  view.setUint32(at(40), dsdt, true)
  body[at(44)] = 0 // PIC mode
  view.setUint16(at(46), SCI_IRQ, true)
  view.setUint32(at(48), SMI_COMMAND, true)
  body[at(52)] = ACPI_ENABLE
  body[at(53)] = ACPI_DISABLE
  view.setUint32(at(56), PM_BASE, true) // event block
  view.setUint32(at(64), PM_BASE + 4, true) // control block
  view.setUint32(at(76), PM_BASE + 8, true) // timer
  view.setUint32(at(80), PM_BASE + 12, true) // general purpose events
  body.set([4, 2, 0, 4, 4], at(88))
  view.setUint16(at(96), 0xfff, true) // no C2
  view.setUint16(at(98), 0xfff, true) // no C3
  body[at(108)] = 0x32 // century in CMOS
  view.setUint32(at(112), FADT_FLAGS, true)
  return table('FACP', 1, body)
}

/** Puts the tables into memory, where the machine has ACPI. */
export function installAcpi(machine: FirmwareMachine): void {
  const { config, memory } = machine
  if (!hasAcpi(config)) return
  let next = acpiBase(config)
  const place = (bytes: Uint8Array): number => {
    const at = next
    memory.writeBytes(at, bytes)
    next = Math.ceil((at + bytes.length) / 16) * 16
    return at
  }
  const dsdt = place(table('DSDT', 1, buildDsdt(machine, Math.max(PCI_MEMORY, config.ramBytes))))
  const fadtAt = place(fadt(facsBase(config), dsdt))
  const rsdt = place(table('RSDT', 1, new Uint8Array(Uint32Array.of(fadtAt).buffer)))
  memory.writeBytes(facsBase(config), facs())
  machine.patchRom(TABLES.rsdp, rsdp(rsdt))
}

function facs(): Uint8Array {
  const bytes = new Uint8Array(FACS_BYTES)
  putText(bytes, 0, 'FACS')
  new DataView(bytes.buffer).setUint32(4, FACS_BYTES, true)
  return bytes
}

/** Root system description pointer, revision 0 (5.2.4.1 of ACPI 1.0b). */
function rsdp(rsdt: number): Uint8Array {
  const bytes = new Uint8Array(20)
  putText(bytes, 0, 'RSD PTR ')
  putText(bytes, 9, OEM_ID, 6)
  new DataView(bytes.buffer).setUint32(16, rsdt, true)
  return setChecksum(bytes, 8)
}
