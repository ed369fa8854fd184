/** Kernels started in place of a boot device: which format an image has, and how ROM code enters it. */
import { AppError } from '../../base/errors.ts'
import type { Call, Steps } from '../call.ts'
import type { KernelBoot } from '../machine.ts'
import { buildFlatEntry, FLAT_ENTRY_SEGMENT } from '../rom/flat-entry.ts'
import { kernelRomLabels } from '../rom/kernel-rom.ts'
import { SYSTEM_ROM_BASE } from '../rom/layout.ts'
import { systemLabels } from '../rom/system-rom.ts'
import { usableEnd } from '../tables/memory-map.ts'
import { isLinux, linuxSetupBytes, loadLinux } from './linux-boot.ts'
import { findMultibootHeader, loadMultiboot } from './multiboot.ts'

/**
 * Which loader takes an image. Throws `firmware/bad-image` for one that is neither a Linux bzImage nor a Multiboot kernel; callers
 * check with it before a machine is made.
 */
export function kernelFormat(image: Uint8Array): 'linux' | 'multiboot' {
  if (isLinux(image)) {
    if (linuxSetupBytes(image) >= image.length)
      throw new AppError('firmware/bad-image', 'The Linux kernel is cut short')
    return 'linux'
  }
  if (findMultibootHeader(image)) return 'multiboot'
  throw new AppError('firmware/bad-image', 'The kernel is neither a Linux bzImage nor a Multiboot image')
}

/** Loads the kernel; execution goes on at its entry. Works from the system ROM and from the kernel option ROM. */
export function* startKernel(call: Call, kernel: KernelBoot): Steps {
  const { machine } = call
  const inSystemRom = machine.cpu.segmentBase(1) === SYSTEM_ROM_BASE
  const label = inSystemRom ? systemLabels() : kernelRomLabels()
  const limit = usableEnd(machine.config)
  if (kernelFormat(kernel.image) === 'linux') {
    const entry = loadLinux(machine.memory, kernel, limit)
    call.eax = entry.segment
    call.ecx = entry.stack
    call.ebx = 0
    call.edx = 0
    call.esi = 0
    call.edi = 0
    call.ebp = 0
    call.eip = label('enter_linux')
    return
  }
  const entry = yield* loadMultiboot(call, kernel, limit)
  machine.memory.writeBytes(FLAT_ENTRY_SEGMENT << 4, buildFlatEntry())
  call.eax = entry.magic
  call.ebx = entry.info
  call.edx = entry.address
  call.esi = 0
  call.edi = 0
  call.ebp = 0
  call.eip = label('enter_flat')
}

/** INT 19h of the kernel option ROM. */
export function* startGivenKernel(call: Call): Steps {
  const { kernel } = call.machine.config
  if (kernel) yield* startKernel(call, kernel)
}
