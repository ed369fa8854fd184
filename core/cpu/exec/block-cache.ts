/**
 * Decoded code. A block is a run of instructions up to a control transfer or the end of its page, found by the host address
 * of its first byte and the mode it was decoded for. Blocks are written one after the other into the decode cache and thrown
 * away together when it is full. A write to bytes that some block was decoded from replaces that block's instructions by the
 * reload handler, so that even the block being executed notices at its next instruction.
 */
import type { AddressMap } from '../../memory/address-map.ts'
import {
  BLOCK_HASH_BASE,
  BLOCK_HASH_ENTRIES,
  DECODE_BASE,
  DECODE_BYTES,
  JUMP_CACHE_BASE,
  JUMP_CACHE_ENTRIES,
  JUMP_PAGES_BASE,
  JUMPS_GLOBAL_BASE,
  JUMPS_GLOBAL_COUNT,
  JUMPS_USED_BASE,
  JUMPS_USED_COUNT,
} from '../../memory/layout.ts'
import type { Decoder } from '../decode/decoder.ts'
import * as D from '../decode/op-layout.ts'
import { codeEntry, LARGE_BITS } from '../mmu/tlb.ts'
import * as L from '../state/layout.ts'
import type { Cpu } from './cpu.ts'

const MAX_INSTRUCTIONS = 64
/** Longest instruction. */
const MAX_BYTES = 15
/** Linear address of an empty jump cache entry: its mode, all ones, matches nothing. */
const NO_ADDRESS = -1
/** Mode of a block that has been dropped while another page still lists it. */
const GONE = -1
const UD = 6
const GP = 13
const PF = 14

/** The blocks of one page. The code map has a bit for each 64 bytes of it, for generated code. */
interface CodePage {
  /** A bit for each byte: programs keep variables right beside their code. */
  readonly bytes: Uint32Array
  readonly blocks: number[]
  /** Those of one instruction that begins or ends in another page. */
  readonly crossing: number[]
}

/** Where the list of the blocks with this host address and mode begins, in words. */
function hashOf(host: number, mode: number): number {
  return (BLOCK_HASH_BASE >> 2) + ((host ^ (host >>> 13) ^ (mode << 5)) & (BLOCK_HASH_ENTRIES - 1))
}

/** The block decoded at host address `host` in `mode`, or 0. Another thread may ask while blocks are added and dropped. */
export function findBlock(words: Int32Array, host: number, mode: number): number {
  for (let block = words[hashOf(host, mode)]; block; block = words[(block + D.BLOCK_NEXT) >> 2])
    if (words[(block + D.BLOCK_HOST) >> 2] >>> 0 === host && words[(block + D.BLOCK_MODE) >> 2] === mode) return block
  return 0
}

export class BlockCache {
  /** Blocks decoded since power-on, for statistics. */
  decoded = 0
  invalidated = 0
  readonly #cpu: Cpu
  readonly #map: AddressMap
  readonly #decoder: Decoder
  readonly #i32: Int32Array
  readonly #u16: Uint16Array
  readonly #u8: Uint8Array
  readonly #handlers: number
  #pages = new Map<number, CodePage>()
  /** Where links to a block stand, so that they go with it. */
  #incoming = new Map<number, number[]>()
  #next = DECODE_BASE
  readonly #window = new Uint8Array(32)

  /** `handlers` is the number of forms: the pseudo handlers follow them. */
  constructor(cpu: Cpu, map: AddressMap, decoder: Decoder, handlers: number) {
    this.#cpu = cpu
    this.#map = map
    this.#decoder = decoder
    this.#handlers = handlers
    const { buffer } = map.memory
    this.#i32 = new Int32Array(buffer)
    this.#u16 = new Uint16Array(buffer)
    this.#u8 = new Uint8Array(buffer)
    this.#i32.fill(NO_ADDRESS, JUMP_CACHE_BASE >> 2, (JUMP_CACHE_BASE + JUMP_CACHE_ENTRIES * D.JUMP_ENTRY_BYTES) >> 2)
    for (let i = 0; i < JUMP_CACHE_ENTRIES; i++) this.#i32[((JUMP_CACHE_BASE + i * D.JUMP_ENTRY_BYTES) >> 2) + 3] = 0
  }

  /** Forgets which linear address leads to which block, after a change of address translation; `keepGlobal`: but for global pages. */
  flushJumps(keepGlobal = false): void {
    this.#flushList(JUMPS_USED_BASE, JUMPS_USED_COUNT, keepGlobal)
    if (!keepGlobal) this.#flushList(JUMPS_GLOBAL_BASE, JUMPS_GLOBAL_COUNT, false)
  }

  #flushList(base: number, count: number, keepGlobal: boolean): void {
    const i32 = this.#i32
    const end = (base >> 2) + i32[count >> 2]
    for (let at = base >> 2; at < end; at++) {
      const entry = i32[at] >> 2
      const flags = i32[entry + 3]
      if (keepGlobal && flags & D.JUMP_GLOBAL) {
        // A global page has taken the entry over: the other list has it.
        i32[entry + 3] = flags & ~D.JUMP_LISTED
        continue
      }
      // Bits of pages that are not all gone are cleared only when nothing is kept.
      const page = i32[entry] >>> 12
      if (!keepGlobal) i32[(JUMP_PAGES_BASE >> 2) + (page >>> 5)] &= ~(1 << (page & 31))
      i32[entry] = NO_ADDRESS
      i32[entry + 1] = NO_ADDRESS
      i32[entry + 3] = keepGlobal ? flags & D.JUMP_LISTED_GLOBAL : 0
    }
    i32[count >> 2] = 0
  }

  /** The same for INVLPG of the page at `linear`, which the jump cache rarely knows. */
  flushJumpsOf(linear: number, large: boolean): void {
    const page = linear >>> 12
    const first = (JUMP_PAGES_BASE >> 2) + (page >>> 5)
    if (!large) {
      if (!(this.#i32[first] & (1 << (page & 31)))) return
      this.flushJumps()
      // Entries that others have taken the place of leave the bit behind.
      this.#i32[first] &= ~(1 << (page & 31))
      return
    }
    const words = 2 ** (LARGE_BITS - 12 - 5)
    const start = first & ~(words - 1)
    for (let i = start; i < start + words; i++) if (this.#i32[i]) this.flushJumps()
    this.#i32.fill(0, start, start + words)
  }

  #enterJump(linear: number, mode: number, block: number, global: boolean): void {
    const i32 = this.#i32
    const address = JUMP_CACHE_BASE + (((linear ^ (linear >>> 12)) & (JUMP_CACHE_ENTRIES - 1)) << 4)
    const entry = address >> 2
    const listed = global ? D.JUMP_LISTED_GLOBAL : D.JUMP_LISTED
    const flags = i32[entry + 3]
    if (!(flags & listed)) {
      const count = (global ? JUMPS_GLOBAL_COUNT : JUMPS_USED_COUNT) >> 2
      i32[((global ? JUMPS_GLOBAL_BASE : JUMPS_USED_BASE) >> 2) + i32[count]++] = address
    }
    i32[entry] = linear
    i32[entry + 1] = mode
    i32[entry + 2] = block
    i32[entry + 3] = (flags & ~D.JUMP_GLOBAL) | listed | (global ? D.JUMP_GLOBAL : 0)
  }

  #noteJumpPage(page: number): void {
    this.#i32[(JUMP_PAGES_BASE >> 2) + (page >>> 5)] |= 1 << (page & 31)
  }

  /** Throws all decoded code away. */
  flush(): void {
    this.#cpu.compiler?.flush()
    this.#i32.fill(0, BLOCK_HASH_BASE >> 2, (BLOCK_HASH_BASE >> 2) + BLOCK_HASH_ENTRIES)
    const pages = this.#pages.keys()
    this.#pages = new Map()
    for (const page of pages) this.#clearChunks(page)
    this.#incoming = new Map()
    this.#next = DECODE_BASE
    this.flushJumps()
  }

  /** Whether some block was decoded from the page at `host` (page aligned). */
  holdsCode(host: number): boolean {
    const code = codeEntry(host)
    return (this.#i32[code] | this.#i32[code + 1]) !== 0
  }

  /** Clears the page's bits; those of one whose first write is awaited are all set. */
  #clearChunks(page: number): void {
    const code = codeEntry(page * 4096)
    const all = this.#map.memory.writes.clean[page] ? -1 : 0
    this.#i32[code] = all
    this.#i32[code + 1] = all
  }

  /** Writes the bits of `page` (its number in the shared memory) anew. */
  refreshChunks(page: number): void {
    this.#clearChunks(page)
    const code = this.#pages.get(page)
    for (const block of code?.blocks ?? []) this.#markBlock(code as CodePage, block)
  }

  /** Whether a write of `bytes` at `host` would touch decoded code. */
  overlapsCode(host: number, bytes: number): boolean {
    const page = this.#pages.get(host >>> 12)
    if (!page) return false
    const first = host & 0xfff
    const end = Math.min(first + bytes, 4096)
    for (let i = first; i < end; i++) if (page.bytes[i >>> 5] & (1 << (i & 31))) return true
    return false
  }

  /** Drops the blocks decoded from any of the `length` bytes at `host`. */
  invalidate(host: number, length: number): void {
    for (let page = host >>> 12; page <= (host + length - 1) >>> 12; page++) {
      const code = this.#pages.get(page)
      if (!code) continue
      const from = Math.max(host, page * 4096)
      const to = Math.min(host + length, page * 4096 + 4096)
      if (!this.overlapsCode(from, to - from)) continue
      this.#invalidateIn(code, page, from, to)
    }
  }

  #invalidateIn(code: CodePage, page: number, from: number, to: number): void {
    const { blocks } = code
    let kept = 0
    for (const block of blocks) {
      const start = this.#i32[(block + D.BLOCK_HOST) >> 2] >>> 0
      if (start < to && start + this.#i32[(block + D.BLOCK_LENGTH) >> 2] > from) this.#drop(block)
      else blocks[kept++] = block
    }
    blocks.length = kept
    this.#dropCrossing(code.crossing, page, from, to)
    // The page stays known: what has been code once is often code again.
    code.bytes.fill(0)
    this.#clearChunks(page)
    for (const block of blocks) this.#markBlock(code, block)
    for (const block of code.crossing) {
      const { first, second, rest } = this.#crossingParts(block)
      if (first >>> 12 === page) this.#mark(code, first, 4096)
      if (second >>> 12 === page) this.#mark(code, second, rest)
    }
  }

  /** Host addresses of both parts of an instruction that crosses a page border, and how many bytes lie in the second. */
  #crossingParts(block: number): { first: number; second: number; rest: number } {
    const first = this.#i32[(block + D.BLOCK_HOST) >> 2] >>> 0
    const rest = this.#u8[block + D.BLOCK_HEADER + D.OP_LENGTH] - (0x1000 - (first & 0xfff))
    return { first, second: this.#i32[(block + D.BLOCK_SECOND_PAGE) >> 2] >>> 0, rest }
  }

  /** Drops those of `blocks` that have bytes between `from` and `to` in `page`, and forgets what another page has dropped. */
  #dropCrossing(blocks: number[], page: number, from: number, to: number): void {
    let kept = 0
    for (const block of blocks) {
      const { first, second, rest } = this.#crossingParts(block)
      const hit =
        (first >>> 12 === page && to > first) || (second >>> 12 === page && from < second + rest && to > second)
      const at = (block + D.BLOCK_MODE) >> 2
      if (hit && this.#i32[at] !== GONE) {
        this.#drop(block)
        this.#i32[at] = GONE
      }
      if (this.#i32[at] !== GONE) blocks[kept++] = block
    }
    blocks.length = kept
  }

  #markBlock(code: CodePage, block: number): void {
    this.#mark(code, this.#i32[(block + D.BLOCK_HOST) >> 2], this.#i32[(block + D.BLOCK_LENGTH) >> 2])
  }

  /** Makes every instruction of `block` lead back to the dispatcher. */
  #drop(block: number): void {
    this.invalidated++
    this.#cpu.compiler?.drop(block)
    const count = this.#i32[(block + D.BLOCK_COUNT) >> 2]
    const reload = this.#handlers + 1
    for (let i = 0; i <= count; i++) this.#i32[(block + D.BLOCK_HEADER + i * D.OP_BYTES + D.OP_HANDLER) >> 2] = reload
    for (const at of this.#incoming.get(block) ?? []) this.#i32[at >> 2] = 0
    this.#incoming.delete(block)
    const head = hashOf(this.#i32[(block + D.BLOCK_HOST) >> 2], this.#i32[(block + D.BLOCK_MODE) >> 2])
    let at = head
    while (this.#i32[at] !== block && this.#i32[at] !== 0) at = (this.#i32[at] + D.BLOCK_NEXT) >> 2
    this.#i32[at] = this.#i32[(block + D.BLOCK_NEXT) >> 2]
  }

  #mark(code: CodePage, host: number, length: number): void {
    const first = host & 0xfff
    const end = Math.min(first + length, 4096)
    for (let i = first; i < end; i++) code.bytes[i >>> 5] |= 1 << (i & 31)
    const chunks = codeEntry(host)
    for (let i = first >>> 6; i <= (end - 1) >>> 6; i++) this.#i32[chunks + (i >>> 5)] |= 1 << (i & 31)
  }

  /** The block at CS:EIP in the present mode, entered in the jump cache; 0 when a fault is pending instead. */
  lookup(): number {
    const cpu = this.#cpu
    const { state } = cpu
    state.i32[L.REMAINING >> 2] = 0
    // Traps and breakpoints come between instructions: the run loop goes on with single steps.
    const single = (state.i32[L.MODE >> 2] & L.MODE_SINGLE) !== 0
    if (single && !cpu.stepping) return 0
    const { eip } = state
    if (eip > state.segmentLimit(L.CS)) cpu.raise(GP, 0)
    const linear = (state.segmentBase(L.CS) + eip) >>> 0
    const block = this.find(linear)
    const length = this.#i32[(block + D.BLOCK_LENGTH) >> 2]
    const crossing = (this.#i32[(block + D.BLOCK_MODE) >> 2] & D.MODE_CROSSING) !== 0
    if ((length > 0 || crossing) && !single && linear !== 0xffff_ffff) {
      this.#enterJump(linear, state.i32[L.MODE >> 2], block, cpu.walk.global && !crossing)
      this.#noteJumpPage(linear >>> 12)
      if (crossing) this.#noteJumpPage(((linear >>> 12) + 1) & 0xf_ffff)
    }
    return block
  }

  /** As `lookup`, for the branch `op`: its link at `at` is set where the target lies in the branch's own page. */
  link(op: number, at: number): number {
    const { state } = this.#cpu
    const eip = state.eip
    const before = this.#next
    const block = this.lookup()
    if (before > this.#next) return block // the cache was emptied: `op` is gone
    const base = state.segmentBase(L.CS)
    const from = (base + state.u32[L.BLOCK_EIP >> 2] + this.#u16[(op + D.OP_DISTANCE) >> 1]) >>> 0
    const to = (base + eip) >>> 0
    const length = this.#i32[(block + D.BLOCK_LENGTH) >> 2]
    if (from >>> 12 === to >>> 12 && length > 0 && this.#i32[(op + D.OP_HANDLER) >> 2] !== this.#handlers + 1) {
      this.#i32[(op + at) >> 2] = block
      const incoming = this.#incoming.get(block)
      if (incoming) incoming.push(op + at)
      else this.#incoming.set(block, [op + at])
    }
    return block
  }

  /** Decodes or finds the block at `linear`. */
  find(linear: number): number {
    const cpu = this.#cpu
    const mode = cpu.state.i32[L.MODE >> 2]
    const gpa = this.#fetchAddress(linear)
    const host = gpa < 0 ? -1 : this.#map.hostForRead(gpa)
    if (host < 0) return this.#decodeUncached(linear, mode)
    const known = this.blockAt(host, mode)
    if (known) return known
    if ((linear & 0xfff) > 0x1000 - MAX_BYTES) {
      const crossing = this.#crossingAt(linear, host, mode)
      if (crossing) return crossing
    }
    return this.#decode(linear, host, mode)
  }

  /** The block of an instruction at `linear` that ends in what the next page is now, or 0. */
  #crossingAt(linear: number, host: number, mode: number): number {
    for (let block = this.#i32[hashOf(host, mode)]; block; block = this.#i32[(block + D.BLOCK_NEXT) >> 2]) {
      if (this.#i32[(block + D.BLOCK_MODE) >> 2] !== (mode | D.MODE_CROSSING)) continue
      if (this.#i32[(block + D.BLOCK_HOST) >> 2] >>> 0 !== host) continue
      const gpa = this.#fetchAddress(((linear | 0xfff) + 1) >>> 0)
      const second = gpa < 0 ? -1 : this.#map.hostForRead(gpa)
      if (this.#i32[(block + D.BLOCK_SECOND_PAGE) >> 2] >>> 0 === second) return block
    }
    return 0
  }

  /** The block decoded at host address `host` in `mode`, or 0. */
  blockAt(host: number, mode: number): number {
    return findBlock(this.#i32, host, mode)
  }

  /** Where the next block will be decoded to: all that are there lie before it. */
  get end(): number {
    return this.#next
  }

  /** The blocks decoded from the page of host address `host`. */
  blocksInPage(host: number): readonly number[] {
    return this.#pages.get(host >>> 12)?.blocks ?? []
  }

  /** Physical address of code at `linear`; raises #PF. */
  #fetchAddress(linear: number): number {
    const cpu = this.#cpu
    if (!cpu.walk.translate(linear, false, cpu.state.u32[L.CPL >> 2] === 3)) {
      cpu.state.u32[L.CR2 >> 2] = linear
      cpu.raise(PF, cpu.walk.errorCode)
    }
    return cpu.walk.page >= 0x1_0000_0000 ? -1 : cpu.walk.page + (linear & 0xfff)
  }

  #room(): void {
    if (this.#next + D.BLOCK_HEADER + (MAX_INSTRUCTIONS + 1) * D.OP_BYTES > DECODE_BASE + DECODE_BYTES) this.flush()
  }

  /** Bytes of code until CS's limit, from offset `eip`. */
  #untilLimit(eip: number): number {
    return Math.min(this.#cpu.state.segmentLimit(L.CS) - eip + 1, 0x1_0000_0000)
  }

  #decode(linear: number, host: number, mode: number): number {
    this.#room()
    const { state } = this.#cpu
    const block = this.#next
    const limit = this.#untilLimit(state.eip)
    const room = Math.min(0x1000 - (linear & 0xfff), limit)
    let at = 0
    let count = 0
    const most = mode & L.MODE_SINGLE ? 1 : MAX_INSTRUCTIONS
    while (count < most && at < room) {
      const op = block + D.BLOCK_HEADER + count * D.OP_BYTES
      const result = this.#decoder.decode(this.#u8, host + at, room - at, mode, op)
      if (result !== 'ok') {
        if (count > 0) break
        if (result === 'need-more' && limit > room) return this.#decodeCrossing(linear, host, mode)
        this.#cpu.raise(result === 'undefined' ? UD : GP, 0)
      }
      this.#finishOp(op, at)
      at += this.#decoder.length
      count++
      if (this.#decoder.form!.row.ends) break
    }
    this.#close(block, host, mode, count, at)
    const page = this.#codePage(host)
    page.blocks.push(block)
    this.#mark(page, host, at)
    this.#enterHash(block, host, mode)
    return block
  }

  #enterHash(block: number, host: number, mode: number): void {
    const head = hashOf(host, mode)
    this.#i32[(block + D.BLOCK_NEXT) >> 2] = this.#i32[head]
    this.#i32[head] = block
  }

  /** The page of `host`, which is about to hold code: no write passes unseen from here on. */
  #codePage(host: number): CodePage {
    let page = this.#pages.get(host >>> 12)
    if (!page) {
      page = { bytes: new Uint32Array(128), blocks: [], crossing: [] }
      this.#pages.set(host >>> 12, page)
    }
    this.#cpu.tlb.protect(host)
    return page
  }

  /** Completes a decoded instruction that starts `distance` bytes into its block. */
  #finishOp(op: number, distance: number): void {
    this.#u16[(op + D.OP_DISTANCE) >> 1] = distance
    this.#u8[op + D.OP_LENGTH] = this.#decoder.length
    const form = this.#decoder.form!
    if (form.operands.some((o) => o.source === 'rel')) {
      // Relative targets are kept from the block's EIP; the links start empty.
      this.#i32[(op + D.OP_IMM) >> 2] += distance + this.#decoder.length
      this.#i32[(op + D.OP_LINK_TAKEN) >> 2] = 0
      this.#i32[(op + D.OP_LINK_NEXT) >> 2] = 0
    }
  }

  /** Writes the block's header and what follows its last instruction. */
  #close(block: number, host: number, mode: number, count: number, length: number): void {
    for (let i = 0; i < count; i++) this.#u8[block + D.BLOCK_HEADER + i * D.OP_BYTES + D.OP_REMAINING] = count - i
    const tail = block + D.BLOCK_HEADER + count * D.OP_BYTES
    this.#i32[(tail + D.OP_HANDLER) >> 2] = this.#handlers
    this.#u16[(tail + D.OP_DISTANCE) >> 1] = length
    this.#u8[tail + D.OP_LENGTH] = 0
    this.#u8[tail + D.OP_REMAINING] = 0
    this.#u16[(tail + D.TAIL_HANDLER) >> 1] = this.#i32[(block + D.BLOCK_HEADER + D.OP_HANDLER) >> 2]
    this.#i32[(tail + D.OP_LINK_TAKEN) >> 2] = 0
    this.#i32[(tail + D.OP_LINK_NEXT) >> 2] = 0
    this.#i32[(block + D.BLOCK_COUNT) >> 2] = count
    this.#i32[(block + D.BLOCK_HOST) >> 2] = host
    this.#i32[(block + D.BLOCK_MODE) >> 2] = mode
    this.#i32[(block + D.BLOCK_LENGTH) >> 2] = length
    this.#i32[(block + D.BLOCK_EXECUTIONS) >> 2] = 0
    this.#next = tail + D.OP_BYTES
    this.decoded++
  }

  /** One instruction that crosses into the next page, which may be mapped elsewhere each time. */
  #decodeCrossing(linear: number, host: number, mode: number): number {
    const first = 0x1000 - (linear & 0xfff)
    const window = this.#window
    window.set(this.#u8.subarray(host, host + first))
    const gpa = this.#fetchAddress((linear + first) >>> 0)
    const second = gpa < 0 ? -1 : this.#map.hostForRead(gpa)
    for (let i = first; i < first + MAX_BYTES; i++) window[i] = gpa < 0 ? 0xff : this.#map.read(gpa + i - first, 1)
    const block = this.#decodeOne(mode, Math.min(first + MAX_BYTES, this.#untilLimit(this.#cpu.state.eip)))
    if (second < 0) return block
    this.#i32[(block + D.BLOCK_HOST) >> 2] = host
    this.#i32[(block + D.BLOCK_MODE) >> 2] = mode | D.MODE_CROSSING
    this.#i32[(block + D.BLOCK_SECOND_PAGE) >> 2] = second
    const [before, behind] = [this.#codePage(host), this.#codePage(second)]
    before.crossing.push(block)
    this.#mark(before, host, first)
    if (behind !== before) behind.crossing.push(block)
    this.#mark(behind, second, this.#decoder.length - first)
    this.#enterHash(block, host, mode)
    return block
  }

  /** Code that is no plain memory (MMIO, unmapped): read byte by byte, kept nowhere. */
  #decodeUncached(linear: number, mode: number): number {
    for (let i = 0; i < MAX_BYTES; i++) {
      const gpa = this.#fetchAddress((linear + i) >>> 0)
      this.#window[i] = gpa < 0 ? 0xff : this.#map.read(gpa, 1)
    }
    return this.#decodeOne(mode, Math.min(MAX_BYTES, this.#untilLimit(this.#cpu.state.eip)))
  }

  /** A block of the one instruction in the window. Its length is recorded as 0, so that nobody remembers it. */
  #decodeOne(mode: number, available: number): number {
    this.#room()
    const block = this.#next
    const result = this.#decoder.decode(this.#window, 0, available, mode, block + D.BLOCK_HEADER)
    if (result !== 'ok') this.#cpu.raise(result === 'undefined' ? UD : GP, 0)
    const { length } = this.#decoder
    this.#finishOp(block + D.BLOCK_HEADER, 0)
    this.#close(block, 0, mode, 1, length)
    this.#i32[(block + D.BLOCK_LENGTH) >> 2] = 0
    return block
  }
}
