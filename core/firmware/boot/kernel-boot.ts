/** `--kernel`: starts an image in place of a boot device, from our own POST or, over somebody else's BIOS, from an option ROM. */
import { AppError } from '../../base/errors.ts'
import type { FirmwareMachine, KernelBoot } from '../machine.ts'
import { encodeTrap } from '../trap.ts'
import { isLinux, startLinux } from './linux-boot.ts'
import { multibootHeader, startMultiboot } from './multiboot.ts'

/** Service number that the option ROM's INT 19h handler traps with. */
export const KERNEL_BOOT_SERVICE = 0xff19

/** Fails with `firmware/bad-image` for what is no kernel. */
export function checkKernel(image: Uint8Array): void {
  if (!isLinux(image) && multibootHeader(image) < 0)
    throw new AppError(
      'firmware/bad-image',
      'The kernel is neither a Linux image (bzImage, zImage) nor a Multiboot kernel',
    )
}

/** Puts the kernel in memory and the processor at its entry; real mode is expected. */
export function startKernel(machine: FirmwareMachine, boot: KernelBoot): void {
  checkKernel(boot.image)
  if (isLinux(boot.image)) startLinux(machine, boot)
  else startMultiboot(machine, boot)
}

const ROM_BYTES = 512
const HANDLER = 0x20
const PCI_DATA = 0x40

/** The PCI function that carries the option ROM, so that a BIOS finds it. */
export const KERNEL_ROM_PCI = { vendorId: 0x1234, deviceId: 0x0b00, classCode: 0xff_0000 } as const

/**
 * A legacy option ROM that takes INT 19h, through which every BIOS begins to boot, and traps into the loader there. (PCI
 * Firmware Specification 3.0, 5.1: signature, length in units of 512 bytes, initialisation entry at 3, PCI data structure;
 * checksum as in the Plug and Play BIOS Specification 1.0A, 3.1.)
 */
export function buildKernelRom(): Uint8Array {
  const rom = new Uint8Array(ROM_BYTES)
  rom.set([0x55, 0xaa, ROM_BYTES / 512])
  // push ax; push ds; xor ax,ax; mov ds,ax; mov word [19h*4],HANDLER; mov [19h*4+2],cs; pop ds; pop ax; retf
  rom.set(
    [
      0x50,
      0x1e,
      0x31,
      0xc0,
      0x8e,
      0xd8,
      0xc7,
      0x06,
      0x64,
      0x00,
      HANDLER,
      0x00,
      0x8c,
      0x0e,
      0x66,
      0x00,
      0x1f,
      0x58,
      0xcb,
    ],
    3,
  )
  rom.set(encodeTrap(KERNEL_BOOT_SERVICE), HANDLER)
  const view = new DataView(rom.buffer)
  view.setUint16(0x18, PCI_DATA, true)
  rom.set([0x50, 0x43, 0x49, 0x52], PCI_DATA) // "PCIR"
  view.setUint16(PCI_DATA + 4, KERNEL_ROM_PCI.vendorId, true)
  view.setUint16(PCI_DATA + 6, KERNEL_ROM_PCI.deviceId, true)
  view.setUint16(PCI_DATA + 10, 24, true)
  view.setUint32(PCI_DATA + 12, KERNEL_ROM_PCI.classCode << 8, true)
  view.setUint16(PCI_DATA + 16, ROM_BYTES / 512, true)
  view.setUint8(PCI_DATA + 21, 0x80) // the last image
  rom[ROM_BYTES - 1] = -rom.reduce((sum, byte) => sum + byte, 0) & 0xff
  return rom
}
