/** Hardware task switches with 16-bit and 32-bit task state segments (Intel SDM vol 3A, chapter 7). */
import { NT, RF, VM } from '../state/cpu-state.ts'
import * as L from '../state/layout.ts'
import { setCr3 } from './control-registers.ts'
import type { Cpu } from './cpu.ts'
import type { Descriptor } from './segments.ts'
import {
  checkDataSegment,
  checkStackSegment,
  dplOf,
  findDescriptor,
  GP,
  isCode,
  isConforming,
  isPresent,
  isSystem,
  limitOf,
  loadRealSegment,
  markAccessed,
  NP,
  readDescriptor,
  setFromDescriptor,
  TS_FAULT,
  typeOf,
} from './segments.ts'

const BUSY = 0x200
/** General registers in TSS order EAX ECX EDX EBX ESP EBP ESI EDI: encoding order. Segments ES CS SS DS FS GS likewise. */
const T32 = { cr3: 28, eip: 32, eflags: 36, regs: 40, segs: 72, ldt: 96, trap: 100, limit: 103 }
const T16 = { eip: 14, eflags: 16, regs: 18, segs: 34, ldt: 42, limit: 43 }

function setBusy(cpu: Cpu, d: Descriptor, busy: boolean): void {
  cpu.writeSystem(d.at + 4, 4, ((busy ? d.high | BUSY : d.high & ~BUSY) & 0xffff_ffff) >>> 0)
}

/** Saves the outgoing task's registers in its TSS. */
function saveTask(cpu: Cpu, eip: number, eflags: number): void {
  const { state } = cpu
  const base = state.segmentBase(L.TR)
  if (state.segmentAttributes(L.TR) & 0x800) {
    cpu.writeSystem(base + T32.eip, 4, eip)
    cpu.writeSystem(base + T32.eflags, 4, eflags)
    for (let n = 0; n < 8; n++) cpu.writeSystem(base + T32.regs + n * 4, 4, state.reg32(n))
    for (let n = 0; n < 6; n++) cpu.writeSystem(base + T32.segs + n * 4, 2, state.selector(n))
  } else {
    cpu.writeSystem(base + T16.eip, 2, eip & 0xffff)
    cpu.writeSystem(base + T16.eflags, 2, eflags & 0xffff)
    for (let n = 0; n < 8; n++) cpu.writeSystem(base + T16.regs + n * 2, 2, state.reg16(n))
    for (let n = 0; n < 4; n++) cpu.writeSystem(base + T16.segs + n * 2, 2, state.selector(n))
  }
}

interface TaskImage {
  readonly cr3: number | undefined
  readonly eip: number
  readonly eflags: number
  readonly regs: number[]
  readonly segs: number[]
  readonly ldt: number
  readonly trap: boolean
}

function readTask(cpu: Cpu, base: number, wide: boolean): TaskImage {
  const read = (at: number, bytes: 2 | 4) => cpu.readSystem(base + at, bytes)
  if (wide)
    return {
      cr3: read(T32.cr3, 4),
      eip: read(T32.eip, 4),
      eflags: read(T32.eflags, 4),
      regs: Array.from({ length: 8 }, (_, n) => read(T32.regs + n * 4, 4)),
      segs: Array.from({ length: 6 }, (_, n) => read(T32.segs + n * 4, 2)),
      ldt: read(T32.ldt, 2),
      trap: (read(T32.trap, 2) & 1) !== 0,
    }
  return {
    cr3: undefined,
    eip: read(T16.eip, 2),
    eflags: read(T16.eflags, 2),
    regs: Array.from({ length: 8 }, (_, n) => read(T16.regs + n * 2, 2) | 0xffff_0000),
    segs: [...Array.from({ length: 4 }, (_, n) => read(T16.segs + n * 2, 2)), 0, 0],
    ldt: read(T16.ldt, 2),
    trap: false,
  }
}

/**
 * Switches to the task whose TSS `selector` names. `eip` is where the outgoing task goes on. Faults after the switch belong
 * to the new task (#TS with the selector at fault).
 */
export function switchTask(
  cpu: Cpu,
  selector: number,
  kind: 'jump' | 'call' | 'iret' | 'interrupt',
  eip: number,
  external = 0,
  resume = false,
): void {
  const { state } = cpu
  const vector = kind === 'iret' ? TS_FAULT : GP
  const error = (selector & 0xfffc) | external
  if (selector & 4) cpu.raise(vector, error)
  const d = readDescriptor(cpu, selector, vector, external)
  const type = typeOf(d)
  const wanted = kind === 'iret' ? [3, 11] : [1, 9]
  if (!isSystem(d) || !wanted.includes(type)) cpu.raise(vector, error)
  if (!isPresent(d)) cpu.raise(NP, error)
  const wide = type >= 8
  if (limitOf(d) < (wide ? T32.limit : T16.limit)) cpu.raise(TS_FAULT, error)
  const newBase = ((d.low >>> 16) | ((d.high & 0xff) << 16) | (d.high & 0xff00_0000)) >>> 0
  const old = state.selector(L.TR)
  const oldDescriptor = findDescriptor(cpu, old & 0xfffc)
  let eflags = state.eflags | (resume ? RF : 0)
  if (kind === 'iret') eflags &= ~NT
  // Read first: a fault here still belongs to the old task.
  const image = readTask(cpu, newBase, wide)
  saveTask(cpu, eip, eflags)
  if ((kind === 'jump' || kind === 'iret') && oldDescriptor) setBusy(cpu, oldDescriptor, false)
  const nested = kind === 'call' || kind === 'interrupt'
  if (nested) cpu.writeSystem(newBase, 2, old)
  if (kind !== 'iret') setBusy(cpu, d, true)
  state.setSegment(L.TR, selector, newBase, limitOf(d), (d.high & 0xf0_ff00) | BUSY)
  state.u32[L.CR0 >> 2] |= 8 // TS
  if (image.cr3 !== undefined && cpu.paging) setCr3(cpu, image.cr3)
  // Local breakpoints belong to the old task.
  state.u32[(L.DEBUG_REGISTERS >> 2) + 7] &= ~0x155
  cpu.skipSingleStep()
  loadTask(cpu, image, nested, external)
}

/** Loads the incoming task's registers. From here on faults are the new task's. */
function loadTask(cpu: Cpu, image: TaskImage, nested: boolean, external: number): void {
  const { state } = cpu
  state.eip = image.eip
  state.eflags = ((image.eflags & cpu.flagMask) | (nested ? NT : 0)) >>> 0
  for (let n = 0; n < 8; n++) state.setReg32(n, image.regs[n])
  const vm86 = (image.eflags & VM) !== 0
  const cs = image.segs[1]
  const cpl = vm86 ? 3 : cs & 3
  // Selectors are in place, but unusable until their descriptors have been checked.
  for (let n = 0; n < 6; n++) state.setSegment(n, image.segs[n], 0, 0, 0)
  state.u32[L.CPL >> 2] = cpl
  state.setSegment(L.LDTR, image.ldt, 0, 0, 0)
  cpu.updateMode()
  const ldt = image.ldt & 0xfffc && !(image.ldt & 4) ? findDescriptor(cpu, image.ldt) : undefined
  const ldtUsable = ldt !== undefined && isSystem(ldt) && typeOf(ldt) === 2 && isPresent(ldt)
  if (ldtUsable) setFromDescriptor(cpu, L.LDTR, image.ldt, ldt)
  const checkLdt = () => {
    if (image.ldt & 0xfffc && !ldtUsable) cpu.raise(TS_FAULT, (image.ldt & 0xfffc) | external)
  }
  if (vm86) {
    for (let n = 0; n < 6; n++) loadRealSegment(cpu, n, image.segs[n])
    cpu.updateMode()
    return checkLdt()
  }
  // The stack comes first: handlers of what is wrong with the rest need it.
  const stack = checkStackSegment(cpu, image.segs[2], cpl, TS_FAULT, external)
  setFromDescriptor(cpu, L.SS, image.segs[2], markAccessed(cpu, stack))
  cpu.updateMode()
  checkLdt()
  const error = (cs & 0xfffc) | external
  const code = cs & 0xfffc ? readDescriptor(cpu, cs, TS_FAULT, external) : cpu.raise(TS_FAULT, external)
  if (!isCode(code) || (isConforming(code) ? dplOf(code) > cpl : dplOf(code) !== cpl)) cpu.raise(TS_FAULT, error)
  if (!isPresent(code)) cpu.raise(NP, error)
  setFromDescriptor(cpu, L.CS, cs, markAccessed(cpu, code))
  cpu.updateMode()
  for (const n of [L.ES, L.DS, L.FS, L.GS]) {
    const d = checkDataSegment(cpu, image.segs[n], cpl, TS_FAULT, external)
    if (d) setFromDescriptor(cpu, n, image.segs[n], markAccessed(cpu, d))
  }
  if (image.eip > limitOf(code)) cpu.raise(GP, external)
  if (image.trap) {
    state.u32[(L.DEBUG_REGISTERS >> 2) + 6] |= 0x8000
    cpu.raise(1, 0)
  }
}
