/**
 * Starts a Linux kernel image the way a boot loader does: setup code and kernel in memory, initial RAM disk high, command line,
 * then a jump to the 16-bit entry, which asks the BIOS for the rest. Protocols 2.00 to 2.15, zImage and bzImage (Linux,
 * Documentation/arch/x86/boot.rst). Works over any BIOS.
 */
import { AppError } from '../../base/errors.ts'
import * as L from '../../cpu/state/layout.ts'
import type { FirmwareMachine, KernelBoot } from '../machine.ts'

const HDRS = 0x5372_6448
const HIGH_LOAD = 0x10_0000
const LOADED_HIGH = 0x01
const CAN_USE_HEAP = 0x80
/** "Unregistered loader". */
const LOADER_TYPE = 0xff
const OLD_COMMAND_LINE_MAGIC = 0xa33f
/** Tables of the BIOS lie at the top of RAM; the initial RAM disk stays below them. */
const TOP_RESERVED = 0x20_0000
const DEFAULT_INITRD_MAX = 0x37ff_ffff
const VIDEO_MODES: Readonly<Record<string, number>> = { normal: 0xffff, ext: 0xfffe, ask: 0xfffd }

/** Where the pieces go, after the header. */
interface Layout {
  readonly setup: number
  readonly kernel: number
  readonly commandLine: number
  readonly heapEnd: number
}

/** Whether `image` is a Linux kernel with a boot protocol. */
export function isLinux(image: Uint8Array): boolean {
  if (image.length < 0x400) return false
  const view = viewOf(image)
  return view.getUint16(0x1fe, true) === 0xaa55 && view.getUint32(0x202, true) === HDRS
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length)

/** Puts the kernel in memory and leaves the processor at its entry. Throws `firmware/bad-image` when it does not fit. */
export function startLinux(machine: FirmwareMachine, boot: KernelBoot): void {
  const { image } = boot
  const header = viewOf(image)
  const version = header.getUint16(0x206, true)
  const setupBytes = ((header.getUint8(0x1f1) || 4) + 1) * 512
  if (image.length <= setupBytes)
    throw new AppError('firmware/bad-image', 'The kernel image is cut off after its setup code')
  const high = (header.getUint8(0x211) & LOADED_HIGH) !== 0
  const modern = version >= 0x202 && high
  const layout: Layout = modern
    ? { setup: 0x1_0000, kernel: HIGH_LOAD, commandLine: 0x2_0000, heapEnd: 0xe000 }
    : { setup: 0x9_0000, kernel: high ? HIGH_LOAD : 0x1_0000, commandLine: 0x9_a000, heapEnd: 0x9800 }
  const kernel = image.subarray(setupBytes)
  if (layout.kernel + kernel.length > (high ? machine.config.ramBytes : 0x9_0000))
    throw new AppError(
      'firmware/bad-image',
      `The kernel (${kernel.length} bytes) does not fit into the machine's memory`,
    )
  const setup = image.slice(0, Math.max(setupBytes, 0x300))
  const fields = viewOf(setup)
  fields.setUint8(0x210, LOADER_TYPE)
  fields.setUint16(0x1fa, videoMode(boot.commandLine), true)
  if (version >= 0x201) {
    fields.setUint16(0x224, layout.heapEnd - 0x200, true)
    fields.setUint8(0x211, header.getUint8(0x211) | CAN_USE_HEAP)
  }
  placeCommandLine(machine, boot, fields, version, layout)
  if (boot.initrd?.length) placeInitrd(machine, boot.initrd, fields, version, layout.kernel + kernel.length)
  machine.memory.writeBytes(layout.setup, setup)
  machine.memory.writeBytes(layout.kernel, kernel)
  enter(machine, layout)
}

function placeCommandLine(
  machine: FirmwareMachine,
  boot: KernelBoot,
  fields: DataView,
  version: number,
  layout: Layout,
): void {
  const limit = version >= 0x206 ? fields.getUint32(0x238, true) : 255
  if (boot.commandLine.length > limit)
    throw new AppError(
      'firmware/bad-image',
      `The kernel takes a command line of ${limit} characters; this one has ${boot.commandLine.length}`,
    )
  const text = Uint8Array.from([...boot.commandLine, '\0'], (c) => c.charCodeAt(0) & 0xff)
  machine.memory.writeBytes(layout.commandLine, text)
  if (version >= 0x202) fields.setUint32(0x228, layout.commandLine, true)
  else {
    fields.setUint16(0x20, OLD_COMMAND_LINE_MAGIC, true)
    fields.setUint16(0x22, layout.commandLine - layout.setup, true)
  }
}

function placeInitrd(
  machine: FirmwareMachine,
  initrd: Uint8Array,
  fields: DataView,
  version: number,
  kernelEnd: number,
): void {
  const highest = version >= 0x203 ? fields.getUint32(0x22c, true) : DEFAULT_INITRD_MAX
  const top = Math.min(highest + 1, machine.config.ramBytes - TOP_RESERVED)
  const at = Math.floor((top - initrd.length) / 4096) * 4096
  // The kernel unpacks itself above where it was loaded: init_size tells how much that takes.
  const needed = version >= 0x20a ? HIGH_LOAD + fields.getUint32(0x260, true) : kernelEnd
  if (at < Math.max(kernelEnd, needed))
    throw new AppError(
      'firmware/bad-image',
      `The kernel and its initial RAM disk (${initrd.length} bytes) do not fit into the machine's memory`,
    )
  machine.memory.writeBytes(at, initrd)
  fields.setUint32(0x218, at, true)
  fields.setUint32(0x21c, initrd.length, true)
}

/** `vga=` of the command line as the header's video mode. */
function videoMode(commandLine: string): number {
  const value = commandLine.match(/(?:^|\s)vga=(\S+)/)?.[1]
  if (value === undefined) return 0xffff
  const named = VIDEO_MODES[value]
  return named ?? (Number(value) & 0xffff || 0xffff)
}

/** Real mode, all segments at the setup code, execution 512 bytes into it. */
function enter(machine: FirmwareMachine, layout: Layout): void {
  const { cpu } = machine
  const segment = layout.setup >>> 4
  cpu.u32[L.EFLAGS >> 2] &= ~0x200
  for (const n of [L.ES, L.SS, L.DS, L.FS, L.GS]) cpu.setRealSegment(n, segment)
  cpu.setRealSegment(L.CS, segment + 0x20)
  for (let n = 0; n < 8; n++) cpu.setReg32(n, 0)
  cpu.setReg32(4, layout.heapEnd)
  cpu.eip = 0
}
