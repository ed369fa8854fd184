/** Kernels as files: Linux bzImages with their version, Multiboot images, and Linux' initial file systems. */
import type { ByteStore } from '../block-device.ts'
import { FieldReader } from './field-reader.ts'

/** Sources: Linux, Documentation/arch/x86/boot.rst; Multiboot 0.6.96, 3.1. */
const LINUX_MAGIC = 'HdrS'
const MULTIBOOT_MAGIC = 0x1bad_b002
const MULTIBOOT_SEARCH_BYTES = 8192
const VERSION_BYTES = 128

export type KernelFile =
  | { readonly kind: 'linux'; readonly version: string }
  | { readonly kind: 'multiboot' }
  | { readonly kind: 'initrd' }

/** What kernel, or part of one, a file is. */
export function kernelFileOf(store: ByteStore): KernelFile | undefined {
  const fields = new FieldReader(store)
  if (fields.text(0, 6) === '070701' || fields.text(0, 6) === '070702') return { kind: 'initrd' }
  const version = linuxVersion(fields)
  if (version !== undefined) return { kind: 'linux', version }
  const start = fields.bytes(0, MULTIBOOT_SEARCH_BYTES)
  const view = new DataView(start.buffer)
  for (let at = 0; at + 12 <= start.length; at += 4) {
    if (view.getUint32(at, true) !== MULTIBOOT_MAGIC) continue
    const sum = MULTIBOOT_MAGIC + view.getUint32(at + 4, true) + view.getUint32(at + 8, true)
    if (sum % 2 ** 32 === 0) return { kind: 'multiboot' }
  }
  return undefined
}

/** The version of the Linux kernel that begins here, "" when it does not tell; undefined when none does. */
export function linuxVersion(fields: FieldReader): string | undefined {
  if (fields.u16(0x1fe) !== 0xaa55 || fields.text(0x202, 4) !== LINUX_MAGIC) return undefined
  // Older protocols are of zImages for floppies of their own.
  if (fields.u16(0x206) < 0x200) return ''
  const at = fields.u16(0x20e)
  const text = at === 0 ? '' : fields.text(0x200 + at, VERSION_BYTES)
  return /^\d+\.\d[\w.+~-]*/.exec(text)?.[0] ?? ''
}
