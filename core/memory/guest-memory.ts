import { AppError } from '../base/errors.ts'
import { ROM_BASE, ROM_BYTES, ramBase, VRAM_BASE } from './layout.ts'
import { WriteTracker } from './write-tracker.ts'

const WASM_PAGE = 0x1_0000

/** The shared memory of one machine and typed views of it. Its size is fixed at power-on. */
export class GuestMemory {
  readonly memory: WebAssembly.Memory
  readonly buffer: SharedArrayBuffer
  /** Views of the whole shared memory, by host offset. */
  readonly u8: Uint8Array
  readonly i32: Int32Array
  readonly u32: Uint32Array
  readonly view: DataView
  /** Guest RAM alone, by guest physical address. */
  readonly ram: Uint8Array
  readonly rom: Uint8Array
  readonly vram: Uint8Array
  /** What a saved state holds of it: ROM area, video memory and RAM, in pages of 4096 bytes. */
  readonly saved: Uint8Array
  /** What has been written of it. */
  readonly writes: WriteTracker
  readonly ramBase: number
  readonly ramBytes: number
  readonly vramBytes: number

  /** `ramBytes` and `vramBytes` are multiples of 64 KiB. Throws `vm/invalid-state` when the host cannot give that much. */
  constructor(ramBytes: number, vramBytes: number) {
    this.ramBytes = ramBytes
    this.vramBytes = vramBytes
    this.ramBase = ramBase(vramBytes)
    // One page more than the guest has: an unaligned access to its last bytes may look past the end.
    const pages = (this.ramBase + ramBytes) / WASM_PAGE + 1
    try {
      this.memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true })
    } catch (cause) {
      throw new AppError(
        'vm/invalid-state',
        `Not enough memory on this computer for a machine with ${ramBytes >>> 20} MiB`,
        { cause },
      )
    }
    this.buffer = this.memory.buffer as unknown as SharedArrayBuffer
    this.u8 = new Uint8Array(this.buffer)
    this.i32 = new Int32Array(this.buffer)
    this.u32 = new Uint32Array(this.buffer)
    this.view = new DataView(this.buffer)
    this.ram = new Uint8Array(this.buffer, this.ramBase, ramBytes)
    this.rom = new Uint8Array(this.buffer, ROM_BASE, ROM_BYTES)
    this.vram = new Uint8Array(this.buffer, VRAM_BASE, vramBytes)
    this.saved = new Uint8Array(this.buffer, ROM_BASE, this.ramBase + ramBytes - ROM_BASE)
    this.writes = new WriteTracker(this.buffer.byteLength)
  }
}
