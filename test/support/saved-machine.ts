/** Whole machines on the virtual clock whose state is taken and put into others, and what must be equal then. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { MemoryBlockDevice } from '../../core/disk/memory-block-device.ts'
import { createMachine } from '../../core/machine/builder.ts'
import type { DriveConfig, Machine, MachineConfig } from '../../core/machine/machine.ts'
import { decodeStateFile } from '../../core/state/state-file.ts'
import { decodeRecord } from '../../core/state/state-value.ts'
import { testMachineConfig } from './machine-config.ts'

const SLICE_NS = 2_000_000

type DriveImages = Partial<Record<DriveConfig['slot'], Uint8Array>>

/** What a machine is made from; images are copied for each machine. */
export interface SavedMachineOptions extends Partial<Omit<MachineConfig, 'drives'>> {
  readonly images: DriveImages
}

/** A machine with its disks in memory. */
export interface SavedMachine {
  readonly machine: Machine
  readonly images: DriveImages
  readonly serial: string[]
}

/** Everything that a saved machine is. */
export interface WholeState {
  readonly state: Uint8Array
  readonly memory: Uint8Array
  readonly images: DriveImages
}

const kindOf = (slot: string): DriveConfig['kind'] =>
  slot.startsWith('f') ? 'floppy' : slot === 'hdc' ? 'cdrom' : 'disk'

export function powerOn({ images, ...options }: SavedMachineOptions): SavedMachine {
  const copies: DriveImages = Object.fromEntries(Object.entries(images).map(([slot, bytes]) => [slot, bytes.slice()]))
  const machine = createMachine(
    testMachineConfig({
      cpuProfile: 'max',
      videoMemoryMib: 4,
      bootOrder: ['floppy', 'disk'],
      debugExit: false,
      rtcStartMs: Date.UTC(2000, 0, 1, 12),
      ...options,
      drives: Object.entries(copies).map(([slot, bytes]) => ({
        slot: slot as DriveConfig['slot'],
        kind: kindOf(slot),
        medium: new MemoryBlockDevice(bytes),
      })),
    }),
  )
  const serial: string[] = []
  for (const port of machine.serialPorts) port.onOutput = (byte) => void serial.push(String.fromCharCode(byte))
  return { machine, images: copies, serial }
}

/** Runs `count` slices; a machine that ends stays at its end. */
export function runSlices({ machine }: SavedMachine, count: number): void {
  for (let i = 0; i < count; i++) machine.runSlice(SLICE_NS)
}

/** Runs on until a state can be taken. */
export function runToSavePoint({ machine }: SavedMachine): void {
  while (!machine.canSave) machine.runSlice(1000)
}

/** Runs on until a state can be taken, and takes it. */
export function take(on: SavedMachine): WholeState {
  runToSavePoint(on)
  const { machine, images } = on
  return {
    state: machine.saveState(),
    memory: machine.memory.saved.slice(),
    images: Object.fromEntries(Object.entries(images).map(([slot, bytes]) => [slot, bytes.slice()])),
  }
}

/** A fresh machine in that state. */
export function restore(options: SavedMachineOptions, { state, memory, images }: WholeState): SavedMachine {
  const restored = powerOn({ ...options, images })
  restored.machine.memory.saved.set(memory)
  restored.machine.restoreState(state)
  return restored
}

/** What must be equal on two machines that are the same: hashes of memory and disks, the state, and the screen. */
export function fingerprint(on: SavedMachine): Record<string, unknown> {
  runToSavePoint(on)
  const { machine, images } = on
  const hash = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
  const { widthPx, heightPx } = machine.display.mode()
  const pixels = new Uint32Array(widthPx * heightPx)
  machine.display.render(pixels, true)
  return {
    memory: hash(Uint8Array.from(machine.memory.saved)),
    state: records(machine.saveState()),
    registers: Buffer.from(Uint8Array.from(machine.memory.u8.subarray(0, 0x98))).toString('hex'),
    screen: hash(new Uint8Array(pixels.buffer)),
    text: machine.display.text(),
    images: Object.entries(images).map(([slot, bytes]) => [slot, hash(bytes)]),
    instructions: machine.counters().instructionsInterpreted,
    nowNs: machine.clock.nowNs(),
  }
}

export const readImage = (path: string): Uint8Array => Uint8Array.from(readFileSync(path))

/** The records of a state file by section, for comparisons that say what differs. */
export function records(state: Uint8Array): Record<string, unknown> {
  return Object.fromEntries(
    decodeStateFile(state).map(({ name, version, bytes }) => [`${name} ${version}`, decodeRecord(bytes, name)]),
  )
}
