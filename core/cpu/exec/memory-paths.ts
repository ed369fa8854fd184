/** Slow paths of memory accesses: everything that the inline TLB check does not settle. Their fronts walk the page tables. */
import { TLB_BASE_USER } from '../../memory/layout.ts'
import type { I32 } from '../../wasm/expr.ts'
import type { Callee, FunctionBuilder } from '../../wasm/function-builder.ts'
import { callExpr } from '../../wasm/function-builder.ts'
import { i32 } from '../../wasm/ops.ts'
import { readEntry, writeEntryOf } from '../mmu/fill.ts'
import type { Front } from '../ops/runtime.ts'
import { slowFunction, slowPath } from '../ops/runtime.ts'
import * as L from '../state/layout.ts'
import { SCRATCH } from '../state/layout.ts'

const PF = 14

/** 1 at CPL 3. */
export const userMode = (): I32 => i32.eq(i32.load(0, L.TLB), TLB_BASE_USER)

/** #PF at `linear`; `code` is the complement of its error code. */
function raisePageFault(f: FunctionBuilder, linear: I32, code: I32): void {
  f.store32(0, linear, L.CR2)
  f.store32(0, PF + 1, L.FAULT)
  f.store32(0, i32.xor(code, -1), L.FAULT_ERROR)
}

/** The linear address of an access inside its segment and inside one page, handed to `body`. */
function inPage(f: FunctionBuilder, end: number, body: (linear: I32, bytes: I32) => void): void {
  const segment = f.param(0, 'i32')
  const offset = f.param(1, 'i32')
  const bytes = f.param(2, 'i32')
  f.if(i32.lt_u(offset, i32.load(segment, end)), () => {
    const linear = f.let(i32.add(offset, i32.load(segment, L.SEG_BASE)))
    f.if(i32.le_u(i32.add(i32.and(linear, 0xfff), bytes), 0x1000), () => body(linear, bytes))
  })
}

/** Hands the host address to `use`, which returns from the function; or raises a page fault; or falls through. */
function through(f: FunctionBuilder, linear: I32, found: I32, use: (host: I32) => void): void {
  const entry = f.let(found)
  f.if(i32.gt_s(entry, 0), () => use(i32.add(linear, i32.load(entry, 8))))
  f.if(entry, () => {
    raisePageFault(f, linear, entry)
    f.return(i32.const(0))
  })
}

function callSlow(f: FunctionBuilder, slow: Callee): void {
  f.return(callExpr(slow as Callee<'i32'>, ...slow.params.map((type, i) => f.param(i, type))))
}

const readFront: Front = (f, link, slow) => {
  inPage(f, L.SEG_READ_END, (linear, bytes) =>
    through(f, linear, callExpr(link.runtime(readEntry), linear, userMode()), (address) => {
      const host = f.let(address)
      f.if(i32.eq(bytes, 4), () => f.return(i32.load(host)))
      f.if(i32.eq(bytes, 1), () => f.return(i32.load8_u(host)))
      f.return(i32.load16_u(host))
    }),
  )
  callSlow(f, slow)
}

const readWideFront: Front = (f, link, slow) => {
  inPage(f, L.SEG_READ_END, (linear) =>
    through(f, linear, callExpr(link.runtime(readEntry), linear, userMode()), (host) => f.return(host)),
  )
  callSlow(f, slow)
}

const probeFront: Front = (f, link, slow) => {
  inPage(f, L.SEG_WRITE_END, (linear, bytes) =>
    through(f, linear, callExpr(link.runtime(writeEntryOf), linear, bytes, userMode()), (host) => f.return(host)),
  )
  callSlow(f, slow)
}

/** Reads 1, 2 or 4 bytes: (segment, offset, bytes). */
export const readPath = slowFunction(
  'read',
  3,
  (cpu, segment, offset, bytes) => cpu.access.read(segment, offset >>> 0, bytes),
  readFront,
)
/** Reads 8 or 16 bytes, into SCRATCH if need be, and returns their address: (segment, offset, bytes). */
export const readWidePath = slowFunction(
  'read_wide',
  3,
  (cpu, segment, offset, bytes) => {
    cpu.access.readWide(segment, offset >>> 0, bytes)
    return SCRATCH
  },
  readWideFront,
)
/** Prepares a write: (segment, offset, bytes, read present content too). Returns the host address to store to. */
export const probePath = slowFunction(
  'probe',
  4,
  (cpu, segment, offset, bytes, read) => cpu.access.probe(segment, offset >>> 0, bytes, read !== 0),
  probeFront,
)
/** Finishes a write prepared by `probe` that went to SCRATCH. */
export const commitPath = slowPath('commit', 0, (cpu) => cpu.access.commit())
