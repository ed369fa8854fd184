/** What machines under test are made of, where a test does not say otherwise. */
import type { MachineConfig } from '../../core/machine/machine.ts'

/** A small machine on the virtual clock without drives, with COM1, at a fixed date; `changes` are what a test wants otherwise. */
export function testMachineConfig(changes: Partial<MachineConfig> = {}): MachineConfig {
  return {
    cpuProfile: 'pentium3',
    engine: 'interpreter',
    memoryMib: 16,
    videoMemoryMib: 16,
    bootOrder: ['floppy', 'cdrom', 'disk'],
    bootMenu: false,
    drives: [],
    kernel: undefined,
    firmware: undefined,
    serialPorts: [1],
    debugExit: true,
    clock: 'virtual',
    hostNowNs: () => 0,
    rtcStartMs: Date.UTC(2026, 0, 2, 3, 4, 5),
    log: { debug() {}, info() {}, warn() {} },
    onTone() {},
    ...changes,
  }
}
