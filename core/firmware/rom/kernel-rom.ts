/**
 * An option ROM for machines with other firmware than ours: it takes INT 19h over, through which every BIOS begins to boot, and
 * starts the kernel that the machine was given. A BIOS finds it as the expansion ROM of a PCI function (PCI Firmware
 * Specification 3.0, 5.1).
 */
import { Assembler } from './assembler.ts'
import { emitKernelEntry } from './boot-rom.ts'
import { SERVICE } from './services.ts'
import { AFTER_STEP_STUBS, emitStepStubs } from './step-stubs.ts'

const ROM_BYTES = 2048
const PCI_DATA = 0x20

/** The PCI function that carries the ROM. */
export const KERNEL_ROM_PCI = { vendorId: 0x1234, deviceId: 0x0b00, classCode: 0xff_0000 } as const
/** The image, with its checksum. */
export function buildKernelRom(): Uint8Array {
  const image = assembleKernelRom().finish()
  image[ROM_BYTES - 1] = -image.subarray(0, ROM_BYTES - 1).reduce((sum, byte) => sum + byte, 0)
  return image
}

/** The image with its labels and listing. Position-independent. */
export function assembleKernelRom(): Assembler {
  const a = new Assembler(ROM_BYTES, 0)
  a.data([0x55, 0xaa, ROM_BYTES / 512])
  a.jmp('init')
  emitPciData(a)
  emitStepStubs(a)
  a.org(AFTER_STEP_STUBS)
  a.label('init') // INT 19h points here from now on
  a.asm('push ds', 0x1e)
  a.asm('push ax', 0x50)
  a.asm('xor ax, ax', 0x31, 0xc0)
  a.asm('mov ds, ax', 0x8e, 0xd8)
  a.asmLabel('mov word [0x64], $label', 'int19', 0xc7, 0x06, 0x64, 0x00)
  a.asm('mov [0x66], cs', 0x8c, 0x0e, 0x66, 0x00)
  a.asm('pop ax', 0x58)
  a.asm('pop ds', 0x1f)
  a.asm('retf', 0xcb)
  a.label('int19')
  a.asm('xor ax, ax', 0x31, 0xc0)
  a.asm('mov ss, ax', 0x8e, 0xd0)
  a.asm('mov sp, 0x7c00', 0xbc, 0x00, 0x7c)
  a.asm('sti', 0xfb)
  a.trap(SERVICE.kernelRom)
  emitKernelEntry(a)
  return a
}

/** "PCIR": the same function, one image of this length for PCs, the last one. */
function emitPciData(a: Assembler): void {
  const { vendorId, deviceId, classCode } = KERNEL_ROM_PCI
  a.org(0x18)
  a.word(PCI_DATA)
  a.org(PCI_DATA)
  a.ascii('PCIR')
  a.word(vendorId, deviceId, 0, 24)
  a.dword(classCode << 8)
  a.word(ROM_BYTES / 512, 0)
  a.data([0, 0x80, 0, 0])
}

let labels: Assembler | undefined

/** Offsets of labels in the kernel ROM. */
export function kernelRomLabels(): (name: string) => number {
  labels ??= assembleKernelRom()
  const rom = labels
  return (name) => rom.offsetOf(name)
}
