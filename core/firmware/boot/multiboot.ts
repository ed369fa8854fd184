/**
 * Starts Multiboot kernels (Multiboot Specification 0.6.96): ELF32 or with the header's own addresses, modules, memory map,
 * command line. The kernel is entered in 32-bit protected mode with flat segments and paging off.
 */
import { AppError } from '../../base/errors.ts'
import * as L from '../../cpu/state/layout.ts'
import type { FirmwareMachine, KernelBoot } from '../machine.ts'

const HEADER_MAGIC = 0x1bad_b002
const LOADER_MAGIC = 0x2bad_b002
const SEARCH_BYTES = 8192
const FLAG_ADDRESSES = 0x1_0000
/** Flag bits 0 to 15 that we do not know must be zero: page-aligned modules, memory information and video mode are known. */
const UNKNOWN_REQUIRED = 0xfff8
const ELF_MAGIC = 0x464c_457f
const PT_LOAD = 1
/** Information structure, strings, module list and memory map: below the EBDA. */
const INFO_AT = 0x9_0000
const INFO_END = 0x9_f000

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length)

/** Offset of the Multiboot header in `image`, or -1. */
export function multibootHeader(image: Uint8Array): number {
  const view = viewOf(image)
  for (let at = 0; at + 12 <= Math.min(image.length, SEARCH_BYTES); at += 4) {
    if (view.getUint32(at, true) !== HEADER_MAGIC) continue
    const sum = HEADER_MAGIC + view.getUint32(at + 4, true) + view.getUint32(at + 8, true)
    if (sum % 0x1_0000_0000 === 0) return at
  }
  return -1
}

/** Loads the kernel and leaves the processor at its entry. Throws `firmware/bad-image`. */
export function startMultiboot(machine: FirmwareMachine, boot: KernelBoot): void {
  const at = multibootHeader(boot.image)
  const view = viewOf(boot.image)
  const flags = view.getUint32(at + 4, true)
  if (flags & UNKNOWN_REQUIRED)
    throw new AppError(
      'firmware/bad-image',
      `The Multiboot kernel requires features (flags ${(flags & UNKNOWN_REQUIRED).toString(16)}h) that no loader knows`,
    )
  const loaded =
    flags & FLAG_ADDRESSES ? loadByHeader(machine, boot.image, view, at) : loadElf(machine, boot.image, view)
  const info = new InfoWriter(machine)
  writeInfo(machine, info, boot, loaded.end)
  enter(machine, loaded.entry, INFO_AT)
}

interface Loaded {
  readonly entry: number
  /** First address above everything loaded. */
  readonly end: number
}

function checkRange(machine: FirmwareMachine, from: number, bytes: number): void {
  if (from + bytes > machine.config.ramBytes)
    throw new AppError('firmware/bad-image', "The kernel does not fit into the machine's memory")
}

function zero(machine: FirmwareMachine, from: number, bytes: number): void {
  if (bytes > 0) machine.memory.writeBytes(from, new Uint8Array(bytes))
}

function loadByHeader(machine: FirmwareMachine, image: Uint8Array, view: DataView, at: number): Loaded {
  const field = (n: number) => view.getUint32(at + n, true)
  if (at + 32 > image.length) throw new AppError('firmware/bad-image', 'The Multiboot header is cut off')
  const [headerAddress, load, loadEnd, bssEnd, entry] = [field(12), field(16), field(20), field(24), field(28)]
  const offset = at - (headerAddress - load)
  const bytes = (loadEnd || load + image.length - offset) - load
  if (offset < 0 || bytes < 0 || offset + bytes > image.length)
    throw new AppError('firmware/bad-image', 'The Multiboot header has impossible load addresses')
  const end = Math.max(bssEnd, load + bytes)
  checkRange(machine, load, end - load)
  machine.memory.writeBytes(load, image, offset, bytes)
  zero(machine, load + bytes, end - load - bytes)
  return { entry, end }
}

function loadElf(machine: FirmwareMachine, image: Uint8Array, view: DataView): Loaded {
  if (
    image.length < 52 ||
    view.getUint32(0, true) !== ELF_MAGIC ||
    view.getUint8(4) !== 1 ||
    view.getUint16(18, true) !== 3
  )
    throw new AppError(
      'firmware/bad-image',
      'The Multiboot kernel is no ELF file for the 386 and has no load addresses in its header',
    )
  const headers = view.getUint32(28, true)
  const size = view.getUint16(42, true)
  const count = view.getUint16(44, true)
  let end = 0
  for (let i = 0; i < count; i++) {
    const at = headers + i * size
    if (at + 32 > image.length) throw new AppError('firmware/bad-image', 'The ELF file is cut off')
    if (view.getUint32(at, true) !== PT_LOAD) continue
    const offset = view.getUint32(at + 4, true)
    const to = view.getUint32(at + 12, true)
    const fileBytes = view.getUint32(at + 16, true)
    const memoryBytes = view.getUint32(at + 20, true)
    if (offset + fileBytes > image.length || fileBytes > memoryBytes)
      throw new AppError('firmware/bad-image', 'The ELF file is cut off')
    checkRange(machine, to, memoryBytes)
    machine.memory.writeBytes(to, image, offset, fileBytes)
    zero(machine, to + fileBytes, memoryBytes - fileBytes)
    end = Math.max(end, to + memoryBytes)
  }
  return { entry: view.getUint32(24, true), end }
}

/** Hands out room for the information structure and writes it. */
class InfoWriter {
  readonly #machine: FirmwareMachine
  #next = INFO_AT + 0x100

  constructor(machine: FirmwareMachine) {
    this.#machine = machine
  }

  place(bytes: Uint8Array): number {
    const at = this.#next
    this.#next = (at + bytes.length + 3) & ~3
    if (this.#next > INFO_END)
      throw new AppError('firmware/bad-image', 'The command lines of kernel and modules are too long')
    this.#machine.memory.writeBytes(at, bytes)
    return at
  }

  text(value: string): number {
    return this.place(Uint8Array.from([...value, '\0'], (c) => c.charCodeAt(0) & 0xff))
  }
}

const words = (...values: number[]): Uint8Array => new Uint8Array(Uint32Array.from(values).buffer)

function writeInfo(machine: FirmwareMachine, info: InfoWriter, boot: KernelBoot, kernelEnd: number): void {
  const { ramBytes } = machine.config
  const sources = [...(boot.modules ?? []), ...(boot.initrd?.length ? [{ data: boot.initrd, commandLine: '' }] : [])]
  let next = Math.max(kernelEnd, 0x10_0000)
  const modules = sources.flatMap(({ data, commandLine }) => {
    const start = Math.ceil(next / 4096) * 4096
    checkRange(machine, start, data.length)
    machine.memory.writeBytes(start, data)
    next = start + data.length
    return [start, next, info.text(commandLine), 0]
  })
  const map = info.place(
    words(20, 0, 0, 0x9_fc00, 0, 1, 20, 0xf_0000, 0, 0x1_0000, 0, 2, 20, 0x10_0000, 0, ramBytes - 0x10_0000, 0, 1),
  )
  const fields = new Uint32Array(64)
  fields[0] = 0x001 | 0x004 | 0x008 | 0x040 | 0x200
  fields[1] = 639
  fields[2] = Math.floor((ramBytes - 0x10_0000) / 1024)
  fields[4] = info.text(boot.commandLine)
  fields[5] = sources.length
  fields[6] = modules.length ? info.place(words(...modules)) : 0
  fields[11] = 72
  fields[12] = map
  fields[16] = info.text('Vitrine')
  machine.memory.writeBytes(INFO_AT, new Uint8Array(fields.buffer))
}

/** The state that the specification promises (3.2). */
function enter(machine: FirmwareMachine, entry: number, info: number): void {
  const { cpu } = machine
  machine.memory.a20 = true
  cpu.u32[L.EFLAGS >> 2] &= ~0x200
  cpu.u32[L.CR0 >> 2] = ((cpu.u32[L.CR0 >> 2] | 1) & 0x7fff_ffff) >>> 0
  for (const n of [L.ES, L.SS, L.DS, L.FS, L.GS]) cpu.setSegment(n, 0x10, 0, 0xffff_ffff, 0xc0_9300)
  cpu.setSegment(L.CS, 0x08, 0, 0xffff_ffff, 0xc0_9b00)
  for (let n = 0; n < 8; n++) cpu.setReg32(n, 0)
  cpu.setReg32(0, LOADER_MAGIC)
  cpu.setReg32(3, info)
  cpu.setReg32(4, 0x8_0000)
  cpu.eip = entry
}
