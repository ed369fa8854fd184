/**
 * The way into protected mode for kernels that are entered there: code for low RAM, because it must know its own address and ROMs
 * lie where their machine puts them. Flat segments 10h and 18h, then to EDX with the other registers as they are, except ECX
 * (Multiboot Specification 0.6.96, 3.2).
 */
import { Assembler } from './assembler.ts'

/** Just below the extended BIOS data area. */
export const FLAT_ENTRY_SEGMENT = 0x9f00
const CODE_SELECTOR = 0x10
const BYTES = 128

/** The code, for address FLAT_ENTRY_SEGMENT × 16. */
export function buildFlatEntry(): Uint8Array {
  return assembleFlatEntry().finish()
}

export function assembleFlatEntry(): Assembler {
  const a = new Assembler(BYTES, FLAT_ENTRY_SEGMENT << 4)
  a.asm('cli', 0xfa)
  a.asmLabel('o32 lgdt [cs:$label]', 'gdtr', 0x2e, 0x66, 0x0f, 0x01, 0x16)
  a.asm('mov ecx, cr0', 0x0f, 0x20, 0xc1)
  a.asm('or cl, 1', 0x80, 0xc9, 0x01)
  a.asm('mov cr0, ecx', 0x0f, 0x22, 0xc1)
  a.jmpFar32('flat', CODE_SELECTOR)
  a.bits(32)
  a.label('flat')
  a.asm('mov ecx, 0x18', 0xb9, 0x18, 0, 0, 0)
  a.asm('mov ds, ecx', 0x8e, 0xd9)
  a.asm('mov es, ecx', 0x8e, 0xc1)
  a.asm('mov fs, ecx', 0x8e, 0xe1)
  a.asm('mov gs, ecx', 0x8e, 0xe9)
  a.asm('mov ss, ecx', 0x8e, 0xd1)
  a.asm('mov esp, 0x7c00', 0xbc, 0x00, 0x7c, 0, 0)
  a.asm('xor ecx, ecx', 0x31, 0xc9)
  a.asm('jmp edx', 0xff, 0xe2)
  a.bits(16)
  a.org(0x40)
  a.label('gdt')
  a.dword(0, 0, 0, 0, 0x0000_ffff, 0x00cf_9b00, 0x0000_ffff, 0x00cf_9300)
  a.label('gdtr')
  a.word(0x1f)
  a.dwordOf('gdt')
  return a
}
