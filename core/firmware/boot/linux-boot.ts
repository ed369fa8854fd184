/**
 * Linux kernels by the x86 boot protocol, versions before 2.00 to 2.15 (Documentation/arch/x86/boot.rst of the kernel): places the
 * real-mode part, the kernel, the command line and the initial RAM disk as a boot loader does. The 16-bit entry is used, so the
 * kernel's own set-up code asks the BIOS for what it needs.
 */
import { AppError } from '../../base/errors.ts'
import type { AddressMap } from '../../memory/address-map.ts'
import type { KernelBoot } from '../machine.ts'

/** Offsets in the real-mode part ("The real-mode kernel header"). */
const HEADER = {
  setupSectors: 0x1f1,
  bootFlag: 0x1fe,
  signature: 0x202,
  version: 0x206,
  loaderType: 0x210,
  loadFlags: 0x211,
  ramdiskImage: 0x218,
  ramdiskSize: 0x21c,
  heapEnd: 0x224,
  commandLine: 0x228,
  initrdMax: 0x22c,
  commandLineSize: 0x238,
  initSize: 0x260,
  videoMode: 0x1fa,
} as const
/** "HdrS". */
const SIGNATURE = 0x5372_6448
const LOADED_HIGH = 0x01
const CAN_USE_HEAP = 0x80
const OTHER_LOADER = 0xff
const NORMAL_VIDEO = 0xffff
/** Old protocol: where the command line's offset is, and its magic number. */
const OLD_MAGIC = 0x20
const OLD_MAGIC_VALUE = 0xa33f
const OLD_OFFSET = 0x22
const COMMAND_LINE_MAX = 255
const INITRD_MAX = 0x37ff_ffff

const HIGH_ADDRESS = 0x10_0000
const LOW_ADDRESS = 0x1_0000
/** From 2.02 on the real-mode part may lie anywhere below 640 KiB; the command line follows it. */
const NEW_SETUP = 0x1_0000
const OLD_SETUP = 0x9_0000
const STACK = 0xe000
/** Of the end of the heap, below the stack. */
const HEAP_MARGIN = 0x200

/** Where a loaded kernel is entered: CS = segment + 20h, all other segments and the stack at `segment`. */
export interface LinuxEntry {
  readonly segment: number
  readonly stack: number
}

/** Whether the image has a Linux real-mode part. Kernels before protocol 2.00 (1.3.73 and older) have the boot flag alone. */
export function isLinux(image: Uint8Array): boolean {
  if (image.length < 0x400) return false
  const view = viewOf(image)
  return view.getUint16(HEADER.bootFlag, true) === 0xaa55 && view.getUint32(HEADER.signature, true) === SIGNATURE
}

/** Length of the real-mode part, with its boot sector. */
export function linuxSetupBytes(image: Uint8Array): number {
  return ((image[HEADER.setupSectors] || 4) + 1) * 512
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/**
 * Loads a kernel into memory that ends at `limit`.
 *
 * @throws AppError `firmware/bad-image` when the image is damaged, or kernel and RAM disk do not fit
 */
export function loadLinux(memory: AddressMap, kernel: KernelBoot, limit: number): LinuxEntry {
  const { image } = kernel
  const setupBytes = linuxSetupBytes(image)
  const setup = image.slice(0, setupBytes)
  const header = viewOf(setup)
  const version = header.getUint16(HEADER.version, true)
  const high = (setup[HEADER.loadFlags] & LOADED_HIGH) !== 0
  const setupBase = version >= 0x0202 && high ? NEW_SETUP : OLD_SETUP
  const kernelBase = high ? HIGH_ADDRESS : LOW_ADDRESS
  const body = image.subarray(setupBytes)
  const kernelEnd = kernelBase + Math.max(body.length, version >= 0x020a ? header.getUint32(HEADER.initSize, true) : 0)
  if (kernelEnd > (high ? limit : OLD_SETUP)) throw tooLarge('kernel', body.length, limit)
  setup[HEADER.loaderType] = OTHER_LOADER
  if (version >= 0x0201) {
    setup[HEADER.loadFlags] |= CAN_USE_HEAP
    header.setUint16(HEADER.heapEnd, STACK - HEAP_MARGIN, true)
  }
  header.setUint16(HEADER.videoMode, NORMAL_VIDEO, true)
  placeRamdisk(memory, header, kernel, { version, kernelEnd, limit })
  placeCommandLine(memory, header, kernel.commandLine, version, setupBase)
  memory.writeBytes(setupBase, setup)
  memory.writeBytes(kernelBase, body)
  return { segment: setupBase >>> 4, stack: STACK }
}

function placeRamdisk(
  memory: AddressMap,
  header: DataView,
  { initrd }: KernelBoot,
  { version, kernelEnd, limit }: { version: number; kernelEnd: number; limit: number },
): void {
  if (!initrd || initrd.length === 0) return
  const highest = version >= 0x0203 ? header.getUint32(HEADER.initrdMax, true) : INITRD_MAX
  const base = (Math.min(highest + 1, limit) - initrd.length) & ~0xfff
  if (base < kernelEnd) throw tooLarge('initial RAM disk', initrd.length, limit)
  memory.writeBytes(base, initrd)
  header.setUint32(HEADER.ramdiskImage, base, true)
  header.setUint32(HEADER.ramdiskSize, initrd.length, true)
}

/** Right after stack and heap. Longer than the kernel takes is cut off, as boot loaders do. */
function placeCommandLine(
  memory: AddressMap,
  header: DataView,
  text: string,
  version: number,
  setupBase: number,
): void {
  const most = version >= 0x0206 ? header.getUint32(HEADER.commandLineSize, true) : COMMAND_LINE_MAX
  const bytes = encodeText(text).subarray(0, Math.min(most, 0xfff))
  const line = new Uint8Array(bytes.length + 1)
  line.set(bytes)
  const address = setupBase + STACK
  memory.writeBytes(address, line)
  if (version >= 0x0202) header.setUint32(HEADER.commandLine, address, true)
  else {
    header.setUint16(OLD_MAGIC, OLD_MAGIC_VALUE, true)
    header.setUint16(OLD_OFFSET, address - setupBase, true)
  }
}

/** Text as bytes, in UTF-8, which is what Linux makes of its command line. */
export function encodeText(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

function tooLarge(what: string, bytes: number, limit: number): AppError {
  return new AppError(
    'firmware/bad-image',
    `The ${what} (${bytes} bytes) does not fit into ${Math.floor(limit / 0x10_0000)} MiB of memory`,
    { context: { bytes, limit } },
  )
}
