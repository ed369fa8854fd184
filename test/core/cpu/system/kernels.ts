/** Test kernels: assembled with nasm, run on the bare processor and on QEMU; what they print on COM1 is the result. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PortBus } from '../../../../core/bus/port-bus.ts'
import { Cpu } from '../../../../core/cpu/exec/cpu.ts'
import { buildInterpreterImage } from '../../../../core/cpu/exec/image.ts'
import { CPU_PROFILES } from '../../../../core/cpu/exec/profiles.ts'
import { AddressMap } from '../../../../core/memory/address-map.ts'
import { GuestMemory } from '../../../../core/memory/guest-memory.ts'
import { plainCpuHost } from '../../../support/cpu-host.ts'

const RAM_BYTES = 16 << 20
const LOAD_ADDRESS = 0x7c00
/** A kernel that has not ended by then never will. */
const MOST_INSTRUCTIONS = 20_000_000
const QEMU_TIMEOUT_MS = 120_000

/** Assembles `source` (absolute path; its folder holds what it includes) into an image. */
export function assemble(nasm: string, source: string): Uint8Array<ArrayBuffer> {
  const folder = mkdtempSync(join(tmpdir(), 'kernel-'))
  try {
    const target = join(folder, 'kernel.img')
    execFileSync(nasm, ['-f', 'bin', '-I', `${join(source, '..')}/`, '-o', target, source])
    return new Uint8Array(readFileSync(target))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const linesOf = (text: string): string[] => text.split('\n').filter((line) => line !== '')

/** Runs an image on a processor with nothing but memory, a serial port and the port that ends it. */
export function runBare(kernel: Uint8Array, engine: 'interpreter' | 'compiler' = 'interpreter'): string[] {
  const memory = new GuestMemory(RAM_BYTES, 1 << 16)
  const map = new AddressMap(memory)
  map.mapMemory(0, RAM_BYTES, memory.ramBase, true)
  const ports = new PortBus()
  let text = ''
  let ended = false
  const end = (line: string): void => {
    text += line
    ended = true
    cpu.stopSlice()
  }
  ports.register(0x3f8, 8, {
    read8: (port) => (port === 0x3fd ? 0x60 : 0),
    write8: (port, value) => {
      if (port === 0x3f8) text += String.fromCharCode(value)
    },
  })
  ports.register(0xf4, 1, { write8: () => end('') })
  const cpu = new Cpu(
    buildInterpreterImage(),
    map,
    ports,
    plainCpuHost({ shutdown: () => end('\nSHUTDOWN\n') }),
    CPU_PROFILES.max,
    // The compiler at the first execution of everything.
    { hotExecutions: engine === 'compiler' ? 1 : 0 },
  )
  map.writeBytes(LOAD_ADDRESS, kernel)
  map.writeBytes(LOAD_ADDRESS + kernel.length - 4, new TextEncoder().encode('LOAD'))
  for (let s = 0; s < 6; s++) cpu.state.setRealSegment(s, 0)
  cpu.state.eip = LOAD_ADDRESS
  cpu.updateMode()
  while (!ended && !cpu.halted && cpu.instructions < MOST_INSTRUCTIONS) cpu.run(10_000)
  if (!ended) text += cpu.halted ? '\nHALTED\n' : '\nENDLESS\n'
  return linesOf(text)
}

/** Runs an image on QEMU's TCG; `write` stores the image where QEMU finds it. */
export function runQemu(qemu: string, kernel: Uint8Array, write: (path: string, bytes: Uint8Array) => void): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'kernel-'))
  try {
    const image = join(folder, 'kernel.img')
    const output = join(folder, 'serial.txt')
    write(image, kernel)
    spawnSync(
      qemu,
      [
        ...['-accel', 'tcg', '-cpu', 'qemu32,+pse36,+sep', '-m', '16', '-display', 'none', '-no-reboot', '-nodefaults'],
        ...['-drive', `file=${image},format=raw,if=ide`, '-serial', `file:${output}`],
        ...['-device', 'isa-debug-exit,iobase=0xf4,iosize=1'],
      ],
      { timeout: QEMU_TIMEOUT_MS },
    )
    return linesOf(readFileSync(output, 'latin1'))
  } finally {
    rmSync(folder, { recursive: true })
  }
}
