/**
 * Interrupts, exceptions, IRET, SYSENTER and SYSEXIT in generated code, for the usual case: 32-bit protected mode, an interrupt or
 * trap gate to non-conforming code of the GDT at the same or an inner privilege, 32-bit stacks, frames inside one page,
 * descriptors that are marked accessed. Everything is checked before anything changes; interrupts.ts and transfers.ts do the rest,
 * and the faults.
 */
import type { I32, I32In } from '../../wasm/expr.ts'
import { select } from '../../wasm/expr.ts'
import type { FunctionBuilder } from '../../wasm/function-builder.ts'
import { callExpr } from '../../wasm/function-builder.ts'
import { i32 } from '../../wasm/ops.ts'
import { readEntry } from '../mmu/fill.ts'
import { packFlags, unpackFlags } from '../ops/flag-words.ts'
import type { Front, Linker } from '../ops/runtime.ts'
import { runtimeFunction } from '../ops/runtime.ts'
import { AC, CONTROL_FLAGS, DF, ID, IF, IOPL, NT, RF, STATUS_FLAGS, TF, VIF, VIP, VM } from '../state/cpu-state.ts'
import * as L from '../state/layout.ts'
import { userMode } from './memory-paths.ts'
import {
  alignmentChecked,
  baseOf,
  clear,
  descriptor,
  dplOf,
  limitOf,
  SEG_BIG,
  segment,
  set,
  setFromDescriptor,
  setNull,
  systemRead,
  updateMode,
  writeSpace,
} from './segment-code.ts'

const ESP = L.registerOffset(4)
/** Present, code, not conforming, accessed: these bits of a descriptor's second word, and what they must be. */
const CODE_BITS = 0x9d00
const CODE = 0x9900
/** Present, writable data that grows up, accessed, 32-bit. */
const STACK_BITS = 0x40_9f00
const STACK = 0x40_9300
/** Present 32-bit interrupt or trap gate. */
const GATE_BITS = 0x9e00
const GATE = 0x8e00
const TRAP_GATE = 0x100

const anyOf = (...conditions: I32[]): I32 => conditions.reduce(i32.or)

/** Modes that are left to the slow paths. */
const unusual = (flags: number): I32 =>
  anyOf(i32.load(0, L.ACCESS_CHECKS), clear(i32.load(0, L.CR0), 1), set(i32.load(0, L.EFLAGS), flags))

/** A stack segment of the GDT for privilege `cpl`: its descriptor's words. */
function stackDescriptor(f: FunctionBuilder, link: Linker, selector: I32, cpl: I32, slow: () => void) {
  f.if(i32.ne(i32.and(selector, 7), cpl), slow)
  const stack = descriptor(f, link, selector, slow)
  f.if(i32.or(i32.ne(i32.and(stack.high, STACK_BITS), STACK), i32.ne(dplOf(stack.high), cpl)), slow)
  return stack
}

function loadCode(
  f: FunctionBuilder,
  link: Linker,
  selector: I32,
  code: { low: I32; high: I32 },
  cpl: I32,
  eip: I32,
): void {
  const at = i32.const(L.segmentOffset(L.CS))
  f.call(link.runtime(setFromDescriptor), at, i32.or(i32.and(selector, 0xfffc), cpl), code.low, code.high)
  f.store32(0, cpl, L.CPL)
  f.store32(0, eip, L.EIP)
  f.call(link.runtime(updateMode))
}

/**
 * (vector, return address, whether the gate's privilege counts, whether there is an error code, error code, flags to set in the
 * image of EFLAGS) -> 1 when the handler is entered, 0 when nothing has changed.
 */
const enterGateFast = runtimeFunction('enter_gate', ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'], 'i32', (f, link) => {
  const [vector, returnTo, software] = [f.param(0, 'i32'), f.param(1, 'i32'), f.param(2, 'i32')]
  const [hasError, error, resume] = [f.param(3, 'i32'), f.param(4, 'i32'), f.param(5, 'i32')]
  const slow = () => f.return(i32.const(0))
  f.if(unusual(VM), slow)
  const index = f.let(i32.shl(vector, 3))
  f.if(i32.gt_u(i32.add(index, 7), i32.load(0, L.IDTR_LIMIT)), slow)
  const gate = f.let(callExpr(link.runtime(systemRead), i32.add(index, i32.load(0, L.IDTR_BASE))))
  f.if(i32.eqz(gate), slow)
  const gateLow = f.let(i32.load(gate))
  const gateHigh = f.let(i32.load(gate, 4))
  const cpl = f.let(i32.load(0, L.CPL))
  f.if(i32.or(i32.ne(i32.and(gateHigh, GATE_BITS), GATE), i32.and(software, i32.lt_u(dplOf(gateHigh), cpl))), slow)
  const selector = f.let(i32.shr_u(gateLow, 16))
  const eip = f.let(i32.or(i32.and(gateLow, 0xffff), i32.and(gateHigh, 0xffff_0000)))
  const code = descriptor(f, link, selector, slow)
  const newCpl = f.let(dplOf(code.high))
  f.if(
    anyOf(
      i32.ne(i32.and(code.high, CODE_BITS), CODE),
      i32.gt_u(newCpl, cpl),
      i32.gt_u(eip, limitOf(f, code.low, code.high)),
    ),
    slow,
  )
  const status = packFlags(f.let(i32.load(0, L.FLAGS_RESULT)), f.let(i32.load(0, L.FLAGS_AUX)))
  const eflags = f.let(i32.load(0, L.EFLAGS))
  const image = f.let(i32.or(i32.or(status, eflags), i32.or(resume, 2)))
  const oldSp = f.let(i32.load(0, ESP))
  const sp = f.local('i32')
  const host = f.local('i32')
  /** The frame's address, from its lowest word on; `size` without the error code. */
  const place = (top: I32, base: I32, last: I32, user: I32In, size: number) => {
    const bytes = f.let(i32.add(size, i32.shl(hasError, 2)))
    // All of it below the segment's end and above its beginning.
    f.if(i32.or(i32.lt_u(top, bytes), i32.gt_u(i32.sub(top, 1), last)), slow)
    f.set(sp, i32.sub(top, bytes))
    f.set(
      host,
      callExpr(link.runtime(writeSpace), i32.add(base, sp), bytes, typeof user === 'number' ? i32.const(user) : user),
    )
    f.if(i32.eqz(host), slow)
    f.if(hasError, () => {
      f.store32(host, error)
      f.set(host, i32.add(host, 4))
    })
  }
  f.if(
    i32.eq(newCpl, cpl),
    () => {
      const end = f.let(segment(L.SS, L.SEG_WRITE_END))
      f.if(i32.or(clear(segment(L.SS, L.SEG_ATTRIBUTES), SEG_BIG), i32.eqz(end)), slow)
      place(oldSp, segment(L.SS, L.SEG_BASE), i32.add(end, 14), userMode(), 12)
    },
    () => {
      const at = f.let(i32.add(i32.shl(newCpl, 3), 4))
      f.if(
        i32.or(clear(segment(L.TR, L.SEG_ATTRIBUTES), 0x800), i32.gt_u(i32.add(at, 7), segment(L.TR, L.SEG_LIMIT))),
        slow,
      )
      const task = f.let(callExpr(link.runtime(systemRead), i32.add(at, segment(L.TR, L.SEG_BASE))))
      f.if(i32.eqz(task), slow)
      const top = f.let(i32.load(task))
      const ss = f.let(i32.load16_u(task, 4))
      const stack = stackDescriptor(f, link, ss, newCpl, slow)
      place(top, baseOf(stack.low, stack.high), limitOf(f, stack.low, stack.high), 0, 20)
      f.store32(host, oldSp, 12)
      f.store32(host, segment(L.SS, L.SEG_SELECTOR), 16)
      f.call(link.runtime(setFromDescriptor), i32.const(L.segmentOffset(L.SS)), ss, stack.low, stack.high)
    },
  )
  f.store32(host, returnTo)
  f.store32(host, segment(L.CS, L.SEG_SELECTOR), 4)
  f.store32(host, image, 8)
  f.store32(0, sp, ESP)
  const cleared = select(
    i32.and(gateHigh, TRAP_GATE),
    i32.const(~(TF | NT | RF | VM)),
    i32.const(~(TF | NT | RF | VM | IF)),
  )
  f.store32(0, i32.and(eflags, cleared), L.EFLAGS)
  loadCode(f, link, selector, code, newCpl, eip)
  f.return(i32.const(1))
})

/** INT n: (vector, 1 for INT1). */
export const softwareInterruptFront: Front = (f, link, slow) => {
  const [vector, hardware] = [f.param(0, 'i32'), f.param(1, 'i32')]
  const none = i32.const(0)
  const args = [vector, i32.load(0, L.NEXT_EIP), i32.eqz(hardware), none, none, none]
  f.if(callExpr(link.runtime(enterGateFast), ...args), () => {
    f.store32(0, 1, L.STEP_DONE)
    f.return()
  })
  f.call(slow, vector, hardware)
}

/** EFLAGS after `image` is loaded: `writable` bits of it. Binds the value. */
export function mixFlags(f: FunctionBuilder, image: I32, writable: I32): I32 {
  const old = i32.load(0, L.EFLAGS)
  const kept = i32.and(old, i32.xor(writable, -1))
  return f.let(i32.and(i32.or(kept, i32.and(image, writable)), CONTROL_FLAGS))
}

/** Sets EFLAGS and the status flags of `image`. */
export function storeFlags(f: FunctionBuilder, eflags: I32, image: I32): void {
  const words = unpackFlags(f, image)
  f.store32(0, words.aux, L.FLAGS_AUX)
  f.store32(0, words.result, L.FLAGS_RESULT)
  f.store32(0, eflags, L.EFLAGS)
}

/** Whether interrupts become possible by `eflags` while one waits: the run loop must see that. */
export const interruptWaits = (eflags: I32): I32 =>
  i32.and(i32.load(0, L.INTR), i32.and(clear(i32.load(0, L.EFLAGS), IF), set(eflags, IF)))

/** Flags that POPF and IRET may change at `cpl`, of `always` and those that depend on privilege. */
export function writableFlags(f: FunctionBuilder, cpl: I32, always: number, supervisor: number): I32 {
  const iopl = i32.and(i32.shr_u(i32.load(0, L.EFLAGS), 12), 3)
  const mayMask = select(i32.le_u(cpl, iopl), i32.const(always | IF), i32.const(always))
  return f.let(i32.and(i32.or(mayMask, select(cpl, i32.const(0), i32.const(supervisor))), i32.load(0, L.FLAG_MASK)))
}

/** IRET: (operand size). */
export const interruptReturnFront: Front = (f, link, slow) => {
  const size = f.param(0, 'i32')
  const give = () => {
    f.call(slow, size)
    f.return()
  }
  f.if(anyOf(i32.ne(size, 4), unusual(VM | NT), i32.load(0, L.NMI_MASKED)), give)
  const cpl = f.let(i32.load(0, L.CPL))
  const sp = f.let(i32.load(0, ESP))
  const linear = f.let(i32.add(sp, segment(L.SS, L.SEG_BASE)))
  // Twenty bytes, whether they are used or not.
  f.if(
    anyOf(
      clear(segment(L.SS, L.SEG_ATTRIBUTES), SEG_BIG),
      i32.ge_u(sp, segment(L.SS, L.SEG_READ_END)),
      i32.ge_u(i32.add(sp, 4), segment(L.SS, L.SEG_READ_END)),
      i32.gt_u(i32.and(linear, 0xfff), 0x1000 - 20),
    ),
    give,
  )
  const entry = f.let(callExpr(link.runtime(readEntry), linear, userMode()))
  f.if(i32.le_s(entry, 0), give)
  const host = f.let(i32.add(linear, i32.load(entry, 8)))
  const eip = f.let(i32.load(host))
  const cs = f.let(i32.load16_u(host, 4))
  const image = f.let(i32.load(host, 8))
  f.if(i32.and(image, TF | VM), give)
  const newCpl = f.let(i32.and(cs, 3))
  const code = descriptor(f, link, cs, give)
  const always = STATUS_FLAGS | TF | DF | NT | AC | ID
  const eflags = mixFlags(f, image, writableFlags(f, cpl, always, IOPL | VIF | VIP))
  f.if(
    anyOf(
      i32.ne(i32.and(code.high, CODE_BITS), CODE),
      i32.ne(dplOf(code.high), newCpl),
      i32.lt_u(newCpl, cpl),
      i32.gt_u(eip, limitOf(f, code.low, code.high)),
      i32.and(i32.eq(newCpl, 3), alignmentChecked(eflags)),
      interruptWaits(eflags),
    ),
    give,
  )
  f.if(
    i32.eq(newCpl, cpl),
    () => f.store32(0, i32.add(sp, 12), ESP),
    () => {
      const ss = f.let(i32.load16_u(host, 16))
      const stack = stackDescriptor(f, link, ss, newCpl, give)
      f.call(link.runtime(setFromDescriptor), i32.const(L.segmentOffset(L.SS)), ss, stack.low, stack.high)
      f.store32(0, i32.load(host, 12), ESP)
      // Data segments that the outer privilege may not have.
      for (const n of [L.ES, L.DS, L.FS, L.GS]) {
        const attributes = f.let(segment(n, L.SEG_ATTRIBUTES))
        const kept = i32.or(i32.eq(i32.and(attributes, 0xc00), 0xc00), i32.ge_u(dplOf(attributes), newCpl))
        f.if(i32.and(set(attributes, 0x8000), i32.eqz(kept)), () => setNull(f, L.segmentOffset(n), 0))
      }
    },
  )
  storeFlags(f, eflags, image)
  loadCode(f, link, cs, code, newCpl, eip)
}

/** A flat segment as SYSENTER and SYSEXIT make it. */
function setFlat(f: FunctionBuilder, n: number, selector: I32, dpl: number): void {
  const at = L.segmentOffset(n)
  f.store32(0, i32.and(selector, 0xffff), at)
  f.store32(0, 0, at + L.SEG_BASE)
  f.store32(0, -1, at + L.SEG_LIMIT)
  f.store32(0, (n === L.CS ? 0xc0_9b00 : 0xc0_9300) | (dpl << 13), at + L.SEG_ATTRIBUTES)
  f.store32(0, 0xffff_ffff - 14, at + L.SEG_READ_END)
  f.store32(0, n === L.CS ? 0 : 0xffff_ffff - 14, at + L.SEG_WRITE_END)
}

const unprepared = (cs: I32): I32 => i32.or(unusual(VM | TF | RF), clear(cs, 0xfffc))

export const sysenterFront: Front = (f, link, slow) => {
  const cs = f.let(i32.load16_u(0, L.SYSENTER))
  f.if(unprepared(cs), () => {
    f.call(slow)
    f.return()
  })
  const selector = f.let(i32.and(cs, 0xfffc))
  f.store32(0, i32.and(i32.load(0, L.EFLAGS), ~IF), L.EFLAGS)
  setFlat(f, L.CS, selector, 0)
  setFlat(f, L.SS, i32.add(selector, 8), 0)
  f.store32(0, 0, L.CPL)
  f.store32(0, i32.load(0, L.SYSENTER + 4), ESP)
  f.store32(0, i32.load(0, L.SYSENTER + 8), L.EIP)
  f.call(link.runtime(updateMode))
}

export const sysexitFront: Front = (f, link, slow) => {
  const cs = f.let(i32.load16_u(0, L.SYSENTER))
  f.if(anyOf(unprepared(cs), i32.load(0, L.CPL), alignmentChecked(i32.load(0, L.EFLAGS))), () => {
    f.call(slow)
    f.return()
  })
  setFlat(f, L.CS, i32.or(i32.add(cs, 16), 3), 3)
  setFlat(f, L.SS, i32.or(i32.add(cs, 24), 3), 3)
  f.store32(0, 3, L.CPL)
  f.store32(0, i32.load(0, L.registerOffset(2)), L.EIP)
  f.store32(0, i32.load(0, L.registerOffset(1)), ESP)
  f.call(link.runtime(updateMode))
}
