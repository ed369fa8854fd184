/**
 * The instruction by which ROM code calls TypeScript: 0F 04 and a 16-bit service number, little-endian. It is an invalid
 * opcode on every x86 (Intel SDM vol 2D, table A-3), and stays one for everything outside the ROM area.
 *
 * Contract with the CPU: it executes the instruction only where `isTrapAddress(CS.base + EIP)` holds, in real or
 * virtual-8086 mode; otherwise #UD. It moves EIP past the instruction, writes registers and flags back to `CpuState`, calls
 * `Firmware.trap(service)`, and goes on from CpuState: general registers, EIP and EFLAGS may have changed (never VM, IOPL or
 * a segment), and so may memory. Interrupts are looked at after it as after any instruction.
 */

/** Length of the instruction in bytes. */
export const TRAP_BYTES = 4

/** Whether ROM code may trap at linear address `address`: VGA and option ROMs (C0000h to DFFFFh), system ROM (F0000h to FFFFFh). */
export function isTrapAddress(address: number): boolean {
  return (address >= 0xc_0000 && address <= 0xd_ffff) || (address >= 0xf_0000 && address <= 0xf_ffff)
}

/** The instruction's bytes for `service`. */
export function encodeTrap(service: number): readonly number[] {
  return [0x0f, 0x04, service & 0xff, service >>> 8]
}
