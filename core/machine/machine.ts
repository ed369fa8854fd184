/**
 * A whole PC as its thread sees it: made from a config, run in slices, fed with keys and media, asked for its picture.
 * `createMachine` (builder.ts) makes one. Nothing here waits: between slices the thread sleeps, talks to the host, or goes on.
 */

import type { KeyCode } from '../contract/key-codes.ts'
import type { ScreenText } from '../contract/machine-api.ts'
import type { BootDevice, CpuProfile, DriveKind, DriveSlot } from '../contract/machine-spec.ts'
import type { GeneratedCodeStore } from '../cpu/exec/image.ts'
import type { RegionThread } from '../cpu/jit/compiler.ts'
import type { LogSink } from '../devices/device.ts'
import type { BlockDevice } from '../disk/block-device.ts'
import type { GuestMemory } from '../memory/guest-memory.ts'
import type { VirtualClock } from '../time/virtual-clock.ts'
import type { CodeFigures } from './code-profile.ts'

/** Which executions the CPU uses: `compiler` compiles what runs often, `auto` is what is known to run every guest. */
export type Engine = 'auto' | 'interpreter' | 'compiler'

export interface DriveConfig {
  readonly slot: DriveSlot
  readonly kind: DriveKind
  /** Undefined is an empty drive; a disk always has a medium. The machine closes it. */
  readonly medium: BlockDevice | undefined
}

export interface MachineConfig {
  readonly cpuProfile: CpuProfile
  readonly engine: Engine
  readonly memoryMib: number
  readonly videoMemoryMib: number
  readonly bootOrder: readonly BootDevice[]
  readonly bootMenu: boolean
  /** How long the firmware waits for F12; 0 when not given. */
  readonly bootMenuWaitMs?: number
  /** Whether the firmware has ACPI tables; it has when not given. */
  readonly acpi?: boolean
  readonly drives: readonly DriveConfig[]
  /** Starts this kernel instead of booting a drive. */
  readonly kernel:
    | { readonly image: Uint8Array; readonly initrd: Uint8Array | undefined; readonly append: string }
    | undefined
  /** Other people's firmware instead of ours. */
  readonly firmware: { readonly bios: Uint8Array; readonly vgaBios: Uint8Array | undefined } | undefined
  /** COM ports that exist, 1 to 4. */
  readonly serialPorts: readonly number[]
  /** Ports E9h (characters to COM1's output) and F4h (isa-debug-exit) exist. */
  readonly debugExit: boolean
  /**
   * `host`: the guest's time follows `hostNowNs`. `virtual`: it is the count of executed instructions at a nominal rate, and a
   * halted guest jumps to its next deadline.
   */
  readonly clock: 'host' | 'virtual'
  /** Monotonic nanoseconds of the host; stands still while the machine is paused. */
  hostNowNs(): number
  /** Where the generated interpreter is kept from one process to the next; without it, each makes its own. */
  readonly generatedCode?: GeneratedCodeStore
  /** Another thread that compiles the code in this shared memory; without it, this thread does. */
  readonly regionThread?: ((memory: SharedArrayBuffer) => RegionThread) | undefined
  /** What the real-time clock shows at power-on, as milliseconds since 1970-01-01T00:00 in the guest's own zone. */
  readonly rtcStartMs: number
  readonly log: LogSink
  /** The PC speaker plays a square wave of this frequency; 0 is silence. Only changes are told. */
  onTone(frequencyHz: number): void
}

/**
 * Why a slice ended. `ran`: go on at once. `halted`: nothing to do until the guest's clock reaches `wakeNs` (Infinity: until
 * somebody gives it input); only with the host clock, or when no timer is armed. `power-off`: the guest (ACPI, APM) switched
 * itself off. `exit`: port F4h was written with `exitValue`.
 */
export interface SliceEnd {
  reason: 'ran' | 'halted' | 'power-off' | 'exit'
  wakeNs: number
  exitValue: number
}

/** The picture on the monitor. */
export interface ScreenMode {
  readonly widthPx: number
  readonly heightPx: number
  /** The shape on a monitor, 4:3 for the standard VGA modes. */
  readonly aspectWidth: number
  readonly aspectHeight: number
}

export interface MachineDisplay {
  mode(): ScreenMode
  /**
   * Draws the picture of `mode()` into `pixels` (a row after the other; bytes red, green, blue, 255). Returns false, having
   * done next to nothing, when it is the same as at the last call; `force` draws anyway.
   */
  render(pixels: Uint32Array, force: boolean): boolean
  text(): ScreenText
}

export interface KeyboardInput {
  key(code: KeyCode, down: boolean): void
  /** Key events that the guest has not read yet. Typing goes on when it is 0. */
  pending(): number
  /** The keyboard's lights, which the guest sets: bit 0 Scroll Lock, bit 1 Num Lock, bit 2 Caps Lock. */
  leds(): number
}

export type MouseButton = 'left' | 'right' | 'middle'

export interface MouseInput {
  /** In counts; y grows downwards. Movements add up until the guest reads them. */
  move(dx: number, dy: number): void
  button(button: MouseButton, down: boolean): void
  /** In detents, positive towards the user. */
  wheel(detents: number): void
  /** Movements, clicks and detents that the guest has not read yet; 0 while it has not switched the mouse on. */
  pending(): number
  /** Whether the guest has switched the mouse on. */
  listening(): boolean
}

export interface SerialPort {
  /** COM number, 1 to 4. */
  readonly port: number
  /** Called for every byte the guest sends. */
  onOutput: (byte: number) => void
  /** Whether the receiver has room for another byte. */
  canReceive(): boolean
  receive(byte: number): void
}

/** Counters since power-on. */
export interface MachineCounters {
  readonly instructionsInterpreted: number
  readonly instructionsCompiled: number
  /** Guest time spent halted, in nanoseconds. */
  readonly haltedNs: number
  readonly regionsCompiled: number
  /** The host's time spent compiling, and the bytes of WebAssembly made. */
  readonly compileNs: number
  readonly codeBytes: number
  /** Leaves of generated code back to the run loop, by reason. */
  readonly exits: Readonly<Record<string, number>>
  readonly drives: readonly { readonly slot: DriveSlot; readonly readBytes: number; readonly writtenBytes: number }[]
}

/** Takes the part of a profile that the machine knows: hot code. See CodeProfile (code-profile.ts). */
export interface CodeProfiler {
  start(): void
  stop(secondsOf: (serial: number) => number): CodeFigures
}

export interface Machine {
  readonly codeProfile: CodeProfiler
  readonly memory: GuestMemory
  /** The guest's time since power-on. */
  readonly clock: VirtualClock
  readonly display: MachineDisplay
  readonly keyboard: KeyboardInput
  readonly mouse: MouseInput
  readonly serialPorts: readonly SerialPort[]
  /**
   * Runs the guest until it halts or ends, at most for about `budgetNs` of the host's time with the host clock, and for exactly
   * `budgetNs` of its own with the virtual clock (so that what happens between slices happens at repeatable instants). The
   * result is the same object at every call. Host failures (an image that cannot be read) throw AppError between instructions:
   * the machine may go on.
   */
  runSlice(budgetNs: number): SliceEnd
  /** The reset button. */
  reset(): void
  /** The power button, as ACPI and APM tell it to the guest. */
  pressPowerButton(): void
  /** Puts a medium into a floppy or CD drive; throws `vm/invalid-state` when the slot has no such drive. */
  insert(slot: DriveSlot, medium: BlockDevice): void
  /** Takes the medium out and closes it. */
  eject(slot: DriveSlot): void
  /** Hands what media hold back to their files, without waiting for stable storage. Throws AppError `disk/...`. */
  settleMedia(): void
  /** Has a drive go on with another medium that holds the same, without the guest's notice. Returns the one before, still open. */
  switchMedium(slot: DriveSlot, medium: BlockDevice): BlockDevice
  /** The medium in `slot` as the drive sees it. */
  medium(slot: DriveSlot): BlockDevice | undefined
  counters(): MachineCounters
  /** Whether `saveState` can be called between the present slices: not in the middle of a firmware service. Some slices later it can. */
  readonly canSave: boolean
  /** The state of everything but memory, as a state file. Throws `vm/invalid-state` unless `canSave`. */
  saveState(): Uint8Array<ArrayBuffer>
  /**
   * Goes on from a saved state, for a machine of the same kind whose memory (`GuestMemory.saved`) holds what it held then.
   * Throws `state/corrupt`, `state/newer-version` or `vm/invalid-state`; the machine is of no use then.
   */
  restoreState(state: Uint8Array): void
  /** Sets the real-time clock, as milliseconds since 1970-01-01T00:00 in the guest's own zone: time has passed by a saved machine. */
  setRealTimeClock(ms: number): void
  /** Flushes and closes all media. The machine is gone afterwards. */
  dispose(): void
}
