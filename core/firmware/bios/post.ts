/**
 * Power-on: reset decisions, POST, option ROMs. Runs in a few hundred microseconds of guest time; the boot itself is
 * boot/boot.ts.
 * Unsupported: expansion ROMs of PCI functions are not run (option ROMs in the ROM area are), Plug and Play BIOS.
 */
import type { Call, Steps } from '../call.ts'
import { systemLabels } from '../rom/system-rom.ts'
import { installAcpi } from '../tables/acpi.ts'
import { installBios32 } from '../tables/bios32.ts'
import { installPirqTable } from '../tables/pirq.ts'
import { installSmbios } from '../tables/smbios.ts'
import { BDA, EBDA, ebdaAddress } from './bda.ts'
import { hasMouse, setUpChips } from './chip-setup.ts'
import { CMOS, readCmos, releaseCmos, writeCmos } from './cmos.ts'
import { printLine } from './console.ts'
import { findPorts, setUpCmos, setUpDataAreas, setUpFloppies, setUpVectors } from './data-area-setup.ts'
import { setUpDisks } from './disk-setup.ts'
import { setUpPci } from './pci-setup.ts'
import { setClockTicks } from './time-of-day.ts'

/** Equipment word: coprocessor, pointing device, 80 columns in colour. */
const EQUIPMENT_FPU = 0x02
const EQUIPMENT_MOUSE = 0x04
const EQUIPMENT_COLOUR_80 = 0x20

/** Where ROM code goes on for the shutdown codes in CMOS 0Fh (PC AT Technical Reference, "Shutdown"). */
const RESUMES: Readonly<Record<number, string>> = { 5: 'resume_eoi', 9: 'resume_block_move', 10: 'resume_far' }

/** First thing after a reset of the processor: a power-on, or a program's way out of protected mode. */
export function* decideReset(call: Call): Steps {
  const code = yield* readCmos(call, CMOS.shutdown)
  yield* writeCmos(call, CMOS.shutdown, 0)
  yield* releaseCmos(call)
  const resume = RESUMES[code]
  if (resume) call.eip = systemLabels()(resume)
}

/** Everything before the video BIOS. */
export function* post(call: Call): Steps {
  const { machine } = call
  yield* setUpChips(call)
  setUpVectors(machine)
  setUpDataAreas(machine)
  const mouse = yield* hasMouse(call)
  const ports = yield* findPorts(call)
  const floppies = setUpFloppies(machine)
  const equipment = EQUIPMENT_FPU | EQUIPMENT_COLOUR_80 | (mouse ? EQUIPMENT_MOUSE : 0) | ports | floppies
  machine.writeLinear16(BDA.equipment, equipment)
  yield* setUpCmos(call, equipment)
  setUpPci(machine)
  setUpDisks(machine)
  yield* setClockTicks(call)
  installBios32(machine)
  installPirqTable(machine)
  installSmbios(machine)
  installAcpi(machine)
}

/** After the video BIOS: the first line on the screen. */
export function* showStart(call: Call): Steps {
  const { config, hardDisks, cdDrives } = call.machine
  const drives = [
    hardDisks.length ? `${hardDisks.length} hard disk${hardDisks.length > 1 ? 's' : ''}` : '',
    cdDrives.length ? `${cdDrives.length} CD drive${cdDrives.length > 1 ? 's' : ''}` : '',
  ].filter((text) => text !== '')
  const parts = [`Vitrine BIOS ${config.version}`, `${config.ramBytes / 0x10_0000} MiB`, ...drives]
  if (!config.kernel) parts.push('F12: boot menu')
  yield* printLine(call, parts.join(' - '))
  yield* printLine(call, '')
  call.machine.writeLinear8(ebdaAddress(call.machine, EBDA.bootPhase), 0)
}

const BLOCK = 0x80
const PCI_CLASS_VIDEO = 0x0300

/**
 * Finds the next option ROM from segment DX to DI: leaves the address of its entry at 0040:0067 and the next segment in DX.
 * CF for the ROM code: no more. AX tells the entry which PCI function it serves (bus, device, function).
 */
export function scanRom(call: Call): void {
  const { machine } = call
  for (let segment = call.dx; segment < call.di; segment += BLOCK) {
    const address = segment << 4
    if (machine.readLinear16(address) !== 0xaa55) continue
    const bytes = machine.readLinear8(address + 2) * 512
    if (bytes === 0 || !checksumHolds(call, address, bytes)) continue
    machine.writeLinear32(BDA.romPointer, ((segment << 16) | 3) >>> 0)
    call.ax = videoFunction(call)
    call.dx = segment + Math.ceil(bytes / 16 / BLOCK) * BLOCK
    return
  }
  call.romCarry = true
}

function checksumHolds({ machine }: Call, address: number, bytes: number): boolean {
  const image = new Uint8Array(bytes)
  machine.readLinearBytes(address, image)
  return (image.reduce((sum, byte) => sum + byte, 0) & 0xff) === 0
}

function videoFunction({ machine }: Call): number {
  for (let device = 0; device < 32; device++) {
    if (machine.pci.readConfig(device, 0, 0x0a, 2) === PCI_CLASS_VIDEO) return device << 3
  }
  return 0
}
