/** System instructions: tables, control, debug and model-specific registers, privilege checks, identification. */
import type { I32 } from '../../wasm/expr.ts'
import { i32 } from '../../wasm/ops.ts'
import * as S from '../exec/system.ts'
import type { Ops } from '../ops/ops.ts'
import type { SlowPath } from '../ops/runtime.ts'
import * as L from '../state/layout.ts'
import type { Row, Semantics } from './row.ts'
import { row } from './row.ts'

const call =
  (path: SlowPath): Semantics =>
  (o) =>
    o.slow(path)
const privileged = { privileged: true, ends: true }
const protectedOnly = { protectedOnly: true }

const storeTable =
  (at: number): Semantics =>
  (o) => {
    const target = o.target(0, 6)
    o.f.store16(target.host, i32.load16_u(0, at + 4))
    // Stores all 32 bits of the base with either operand size, as processors since the 386 do.
    o.f.store32(target.host, i32.load(0, at), 2)
    target.commit()
  }

const loadTable =
  (at: number): Semantics =>
  (o) => {
    const limit = o.readAt(0, 0, 2)
    const base = o.load(o.segmentOf(0), o.addressAt(0, 2), 4)
    o.slow(S.loadTable, at, limit, base, o.size)
  }

const selectorOf =
  (n: number): Semantics =>
  (o) =>
    o.write(0, i32.load16_u(0, L.segmentOffset(n)))

const rights =
  (path: SlowPath): Semantics =>
  (o) => {
    const value = o.slowValue(path, o.read(1))
    o.f.if(o.flag('zf'), () => o.write(0, value))
  }

const arpl: Semantics = (o) => {
  const rpl = o.f.let(i32.and(o.read(1), 3))
  const selector = o.modify(0)
  const lower = o.f.let(i32.lt_u(i32.and(selector, 3), rpl))
  o.f.if(
    lower,
    () => o.write(0, i32.or(i32.and(selector, 0xfffc), rpl)),
    () => o.write(0, selector),
  )
  o.setFlags({ zf: lower })
}

/** BOUND: signed bounds; the faulting instruction is restarted. */
const bound: Semantics = (o) => {
  const extend = (v: I32) => (o.size === 2 ? i32.extend16_s(v) : v)
  const index = o.readSigned(0)
  const low = extend(o.readAt(1, 0, o.size))
  const high = extend(o.load(o.segmentOf(1), o.addressAt(1, o.size), o.size))
  o.faultIf(i32.or(i32.lt_s(index, low), i32.gt_s(index, high)), 5)
}

/** MOV CRn outside CPL 0 faults in virtual-8086 mode too: CPL is 3 there. */
const moveToControl: Semantics = (o) => o.slow(S.writeControl, o.registerNumber(0), o.read(1))
const moveFromControl: Semantics = (o) => o.write(0, o.slowValue(S.readControl, o.registerNumber(1)))
const moveToDebug: Semantics = (o) => o.slow(S.writeDebug, o.registerNumber(0), o.read(1))
const moveFromDebug: Semantics = (o) => o.write(0, o.slowValue(S.readDebug, o.registerNumber(1)))

const undefinedOpcode: Semantics = (o: Ops) => o.fault(6)

export const SYSTEM: readonly Row[] = [
  row('CLI', '', 'FA', call(S.cli), { ends: true }),
  row('STI', '', 'FB', call(S.sti), { ends: true }),
  row('HLT', '', 'F4', call(S.hlt), privileged),
  row('SLDT', 'rv/m16', '0F 00 /0', selectorOf(L.LDTR), protectedOnly),
  row('STR', 'rv/m16', '0F 00 /1', selectorOf(L.TR), protectedOnly),
  row('LLDT', 'r/m16', '0F 00 /2', (o) => o.slow(S.loadLdt, o.read(0)), { ...protectedOnly, privileged: true }),
  row('LTR', 'r/m16', '0F 00 /3', (o) => o.slow(S.loadTask, o.read(0)), {
    ...protectedOnly,
    privileged: true,
    ends: true,
  }),
  row('VERR', 'r/m16', '0F 00 /4', (o) => o.slow(S.verify, o.read(0), 0), { ...protectedOnly, writes: 'Z' }),
  row('VERW', 'r/m16', '0F 00 /5', (o) => o.slow(S.verify, o.read(0), 1), { ...protectedOnly, writes: 'Z' }),
  row('SGDT', 'm', '0F 01 /0', storeTable(L.GDTR_BASE)),
  row('SIDT', 'm', '0F 01 /1', storeTable(L.IDTR_BASE)),
  row('LGDT', 'm', '0F 01 /2', loadTable(L.GDTR_BASE), { privileged: true, sized: true }),
  row('LIDT', 'm', '0F 01 /3', loadTable(L.IDTR_BASE), { privileged: true, sized: true }),
  row('SMSW', 'rv/m16', '0F 01 /4', (o) => o.write(0, o.state(L.CR0))),
  row('LMSW', 'r/m16', '0F 01 /6', (o) => o.slow(S.loadMachineStatus, o.read(0)), privileged),
  row('INVLPG', 'm', '0F 01 /7', (o) => o.slow(S.invalidatePage, o.segmentOf(0), o.address(0)), {
    ...privileged,
    feature: '486',
  }),
  row('LAR', 'rv, r/m16', '0F 02 /r', rights(S.loadRights), { ...protectedOnly, writes: 'Z' }),
  row('LSL', 'rv, r/m16', '0F 03 /r', rights(S.loadLimit), { ...protectedOnly, writes: 'Z' }),
  row('ARPL', 'r/m16, r16', '63 /r', arpl, { ...protectedOnly, writes: 'Z' }),
  row('BOUND', 'rv, m', '62 /r', bound),
  row(
    '(firmware)',
    'imm16',
    '0F 04 iw',
    (o) => {
      o.slow(S.firmwareTrap, o.read(0))
      o.continueAtEip()
    },
    { ends: true },
  ),
  row('CLTS', '', '0F 06', call(S.clearTaskSwitched), privileged),
  row('INVD', '', '0F 08', () => {}, { privileged: true, feature: '486' }),
  row('WBINVD', '', '0F 09', () => {}, { privileged: true, feature: '486' }),
  row('UD2', '', '0F 0B', undefinedOpcode),
  row('NOP', 'r/mv', '0F 18 /r', () => {}, { feature: 'ppro' }),
  ...[0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f].map((n) =>
    row('NOP', 'r/mv', `0F ${n.toString(16).toUpperCase()} /r`, () => {}, { feature: 'ppro' }),
  ),
  row('MOV', 'rr32, CRn', '0F 20 /r', moveFromControl, { privileged: true }),
  row('MOV', 'rr32, DRn', '0F 21 /r', moveFromDebug, { privileged: true }),
  row('MOV', 'CRn, rr32', '0F 22 /r', moveToControl, privileged),
  row('MOV', 'DRn, rr32', '0F 23 /r', moveToDebug, privileged),
  row('WRMSR', '', '0F 30', call(S.wrmsr), { ...privileged, feature: 'pentium' }),
  row('RDTSC', '', '0F 31', call(S.rdtsc), { ends: true, feature: 'pentium' }),
  row('RDMSR', '', '0F 32', call(S.rdmsr), { privileged: true, feature: 'pentium' }),
  row('RDPMC', '', '0F 33', call(S.rdpmc), { feature: 'ppro' }),
  row('CPUID', '', '0F A2', call(S.cpuid), { feature: 'cpuid' }),
]
