/**
 * Address translation in generated code: the page walk of paging.ts for everything but its rare cases, writing the TLB's entry as
 * tlb.ts does. Tables outside of RAM, reserved bits, addresses above 4 GiB, and access checks are left to those.
 */
import { PAGE_SHIFT, RAM_FLAG, WRITABLE_FLAG } from '../../memory/address-map.ts'
import {
  A20_MASK,
  CODE_MAP_BASE,
  CODE_MAP_WRITER,
  LARGE_PAGES_BASE,
  PAGE_MAP_BASE,
  TLB_BASE_SUPERVISOR,
  TLB_BASE_USER,
  TLB_ENTRIES,
  TLB_USED_BASE,
  TLB_USED_COUNT,
  WRITERS_MANY,
} from '../../memory/layout.ts'
import type { I32, I32In } from '../../wasm/expr.ts'
import { select } from '../../wasm/expr.ts'
import type { FunctionBuilder } from '../../wasm/function-builder.ts'
import { callExpr } from '../../wasm/function-builder.ts'
import { i32, i64 } from '../../wasm/ops.ts'
import { runtimeFunction } from '../ops/runtime.ts'
import * as L from '../state/layout.ts'
import { ACCESSED, DIRTY, GLOBAL, LARGE, PF_PRESENT, PF_USER, PF_WRITE, PRESENT, USER, WRITABLE } from './paging.ts'
import { LARGE_BITS, TLB_GLOBAL, TLB_LISTED, TLB_PAGE_SHIFT, TLB_WRITABLE } from './tlb.ts'

const PAGE_MASK = 0xffff_f000
const CR0_PG = 0x8000_0000
const CR0_WP = 0x1_0000
const CR4_PSE = 0x10
const CR4_PAE = 0x20
const CR4_PGE = 0x80
/** Address bits of large pages that are reserved, or mean addresses above 4 GiB: left to paging.ts. */
const ODD_LARGE = 0x3f_e000
const ODD_LARGE_PAE = 0x1f_e000

/** Entry of the page map for a guest physical address. */
const mapped = (gpa: I32): I32 =>
  i32.load(i32.shl(i32.shr_u(i32.and(gpa, i32.load(0, A20_MASK)), 12), 2), PAGE_MAP_BASE)
/** The host page that such an entry names. */
const hostPage = (entry: I32): I32 => i32.shl(i32.shr_u(entry, PAGE_SHIFT), 12)
/** Address of the code map's entry for a host address, from CODE_MAP_BASE. */
const codeOffset = (host: I32): I32 => i32.shl(i32.shr_u(host, 12), 4)

/** Whether the 64 bytes around `host` hold decoded code. */
const holdsCode = (host: I32): I32 =>
  i32.wrap(i64.and(i64.shr_u(i64.load(codeOffset(host), CODE_MAP_BASE), i64.extend_u(i32.shr_u(host, 6))), 1))

/** Address of the TLB entry that `linear` has in the TLB at `base`. */
export const entryOf = (linear: I32, base: I32In): I32 =>
  i32.add(i32.and(i32.shr_u(linear, 8), (TLB_ENTRIES - 1) << 4), base)

/**
 * (linear, write, user) -> address of the TLB entry, which now translates reads of the page; and writes of it, if `write` was
 * asked for, but for the tag, which pages with code do not get. Negative: the complement of the page fault's error code.
 * 0: not decided here, and nothing changed but the TLB.
 */
export const fill = runtimeFunction('tlb_fill', ['i32', 'i32', 'i32'], 'i32', (f) => {
  const linear = f.param(0, 'i32')
  const write = f.param(1, 'i32')
  const user = f.param(2, 'i32')
  const cr0 = f.let(i32.load(0, L.CR0))
  const cr4 = f.let(i32.load(0, L.CR4))
  f.if(i32.load(0, L.ACCESS_CHECKS), () => f.return(i32.const(0)))
  const gpa = f.variable(i32.and(linear, PAGE_MASK))
  const writable = f.variable(i32.const(1))
  const global = f.variable(i32.const(0))
  const large = f.variable(i32.const(0))
  f.if(i32.and(cr0, CR0_PG), () => {
    const fault = (present: number) =>
      f.return(i32.xor(i32.or(present, i32.or(i32.mul(write, PF_WRITE), i32.mul(user, PF_USER))), -1))
    /** Binds the host address of a table entry, and the page map's entry for it. */
    const find = (at: I32) => {
      const physical = f.let(at)
      const page = f.let(mapped(physical))
      f.if(i32.eqz(i32.and(page, RAM_FLAG)), () => f.return(i32.const(0)))
      return { host: f.let(i32.or(hostPage(page), i32.and(physical, 0xfff))), page }
    }
    const pae = f.let(i32.and(cr4, CR4_PAE))
    const directory = f.local('i32')
    f.if(
      pae,
      () => {
        const pointer = f.let(i32.shl(i32.shr_u(linear, 30), 3))
        const low = f.let(i32.load(pointer, L.PDPTES))
        f.if(i32.eqz(i32.and(low, PRESENT)), () => fault(0))
        f.if(i32.load(pointer, L.PDPTES + 4), () => f.return(i32.const(0)))
        f.set(directory, i32.add(i32.and(low, PAGE_MASK), i32.shl(i32.and(i32.shr_u(linear, 21), 0x1ff), 3)))
      },
      () => f.set(directory, i32.add(i32.and(i32.load(0, L.CR3), PAGE_MASK), i32.shl(i32.shr_u(linear, 22), 2))),
    )
    const upper = find(directory)
    const pde = f.let(i32.load(upper.host))
    f.if(i32.eqz(i32.and(pde, PRESENT)), () => fault(0))
    f.if(pae, () => f.if(i32.load(upper.host, 4), () => f.return(i32.const(0))))
    const leafHost = f.variable(upper.host)
    const leafPage = f.variable(upper.page)
    const leaf = f.variable(pde)
    f.set(large, i32.and(i32.shr_u(i32.and(pde, LARGE), 7), i32.or(i32.ne(pae, 0), i32.ne(i32.and(cr4, CR4_PSE), 0))))
    f.if(
      large,
      () => {
        f.if(i32.and(pde, select(pae, i32.const(ODD_LARGE_PAE), i32.const(ODD_LARGE))), () => f.return(i32.const(0)))
        const inside = f.let(select(pae, i32.const(0x1f_f000), i32.const(0x3f_f000)))
        f.set(gpa, i32.or(i32.and(pde, i32.xor(i32.or(inside, 0xfff), -1)), i32.and(linear, inside)))
      },
      () => {
        const index = f.let(i32.shr_u(linear, 12))
        const lower = find(
          i32.add(
            i32.and(pde, PAGE_MASK),
            select(pae, i32.shl(i32.and(index, 0x1ff), 3), i32.shl(i32.and(index, 0x3ff), 2)),
          ),
        )
        f.set(leafHost, lower.host)
        f.set(leafPage, lower.page)
        f.set(leaf, i32.load(lower.host))
        f.if(i32.eqz(i32.and(leaf, PRESENT)), () => fault(0))
        f.if(pae, () => f.if(i32.load(lower.host, 4), () => f.return(i32.const(0))))
        f.set(gpa, i32.and(leaf, PAGE_MASK))
      },
    )
    const rights = f.let(i32.and(pde, leaf))
    /** Supervisor writes obey R/W only with CR0.WP. */
    const mayWrite = f.let(i32.or(i32.ne(i32.and(rights, WRITABLE), 0), i32.eqz(i32.or(user, i32.and(cr0, CR0_WP)))))
    f.if(i32.or(i32.and(user, i32.eqz(i32.and(rights, USER))), i32.and(write, i32.eqz(mayWrite))), () =>
      fault(PF_PRESENT),
    )
    /** Whether table entries may be written here. */
    const plain = (host: I32, page: I32) =>
      i32.and(i32.shr_u(i32.and(page, WRITABLE_FLAG), 1), i32.eqz(holdsCode(host)))
    const marked = f.let(i32.or(i32.or(leaf, ACCESSED), i32.mul(write, DIRTY)))
    const first = f.let(i32.and(i32.eqz(large), i32.eqz(i32.and(pde, ACCESSED))))
    f.if(first, () => {
      f.if(i32.eqz(plain(upper.host, upper.page)), () => f.return(i32.const(0)))
    })
    f.if(i32.ne(marked, leaf), () => {
      f.if(i32.eqz(plain(leafHost, leafPage)), () => f.return(i32.const(0)))
      f.store32(leafHost, marked)
    })
    f.if(first, () => f.store32(upper.host, i32.or(pde, ACCESSED)))
    f.set(writable, i32.and(mayWrite, i32.ne(i32.and(marked, DIRTY), 0)))
    f.set(global, i32.and(i32.ne(i32.and(leaf, GLOBAL), 0), i32.ne(i32.and(cr4, CR4_PGE), 0)))
  })
  const target = f.let(mapped(gpa))
  f.if(i32.eqz(i32.and(target, RAM_FLAG)), () => f.return(i32.const(0)))
  f.set(writable, i32.and(writable, i32.shr_u(i32.and(target, WRITABLE_FLAG), 1)))
  const entry = writeEntry(f, linear, user, hostPage(target), { writable, global, large })
  // A write that ROM ignores.
  f.if(i32.and(write, i32.eqz(writable)), () => f.return(i32.const(0)))
  f.return(entry)
})

/** As Tlb.fill. Returns the entry's address. */
function writeEntry(
  f: FunctionBuilder,
  linear: I32,
  user: I32,
  hostOf: I32,
  flags: { writable: I32; global: I32; large: I32 },
): I32 {
  const host = f.let(hostOf)
  const entry = f.let(entryOf(linear, select(user, i32.const(TLB_BASE_USER), i32.const(TLB_BASE_SUPERVISOR))))
  f.if(i32.eqz(i32.and(i32.load(entry, 12), TLB_LISTED)), () => {
    const count = f.let(i32.load(0, TLB_USED_COUNT))
    f.store32(i32.shl(count, 2), entry, TLB_USED_BASE)
    f.store32(0, i32.add(count, 1), TLB_USED_COUNT)
  })
  const page = f.let(i32.and(linear, PAGE_MASK))
  f.store32(entry, page)
  // No tag, as tlb.ts has it.
  f.store32(entry, i32.xor(i32.shl(entry, TLB_PAGE_SHIFT), 0x1000), 4)
  f.store32(entry, i32.sub(host, page), 8)
  const bits = i32.or(i32.mul(flags.writable, TLB_WRITABLE), i32.mul(flags.global, TLB_GLOBAL))
  f.store32(entry, i32.or(host, i32.or(bits, TLB_LISTED)), 12)
  f.if(flags.large, () => f.store8(i32.shr_u(linear, LARGE_BITS), 1, LARGE_PAGES_BASE))
  f.if(flags.writable, () => openWrites(f, entry, page, host))
  return entry
}

/** Gives the entry its tag for writes, unless the page holds code. */
function openWrites(f: FunctionBuilder, entry: I32, page: I32, host: I32): void {
  const code = f.let(codeOffset(host))
  f.if(i64.eqz(i64.load(code, CODE_MAP_BASE)), () => {
    f.store32(entry, page, 4)
    const writer = f.let(i32.load(code, CODE_MAP_BASE + CODE_MAP_WRITER))
    const alone = f.let(i32.add(page, 1))
    f.store32(
      code,
      select(i32.or(i32.eqz(writer), i32.eq(writer, alone)), alone, i32.const(WRITERS_MANY)),
      CODE_MAP_BASE + CODE_MAP_WRITER,
    )
  })
}

/** (linear, user) -> TLB entry through which `linear`'s page may be read; 0 and negative as `fill`. */
export const readEntry = runtimeFunction('tlb_read', ['i32', 'i32'], 'i32', (f, link) => {
  const linear = f.param(0, 'i32')
  const user = f.param(1, 'i32')
  const entry = f.let(entryOf(linear, select(user, i32.const(TLB_BASE_USER), i32.const(TLB_BASE_SUPERVISOR))))
  f.if(i32.eq(i32.load(entry), i32.and(linear, PAGE_MASK)), () => f.return(entry))
  f.return(callExpr(link.runtime(fill), linear, i32.const(0), user))
})

/**
 * (linear, bytes, user) -> TLB entry through which `bytes` at `linear`, all in its page, may be written without further ado;
 * 0 and negative as `fill`: 0 for bytes next to code, too.
 */
export const writeEntryOf = runtimeFunction('tlb_write', ['i32', 'i32', 'i32'], 'i32', (f, link) => {
  const linear = f.param(0, 'i32')
  const bytes = f.param(1, 'i32')
  const user = f.param(2, 'i32')
  const page = f.let(i32.and(linear, PAGE_MASK))
  const entry = f.variable(entryOf(linear, select(user, i32.const(TLB_BASE_USER), i32.const(TLB_BASE_SUPERVISOR))))
  f.if(i32.eq(i32.load(entry, 4), page), () => f.return(entry))
  const flags = f.let(i32.load(entry, 12))
  f.if(
    i32.and(i32.eq(i32.load(entry), page), i32.ne(i32.and(flags, TLB_WRITABLE), 0)),
    // The page held code when it was entered: perhaps no longer.
    () => openWrites(f, entry, page, f.let(i32.and(flags, PAGE_MASK))),
    () => {
      f.set(entry, callExpr(link.runtime(fill), linear, i32.const(1), user))
      f.if(i32.le_s(entry, 0), () => f.return(entry))
    },
  )
  f.if(i32.eq(i32.load(entry, 4), page), () => f.return(entry))
  const host = f.let(i32.add(linear, i32.load(entry, 8)))
  const touched = i32.or(holdsCode(host), holdsCode(f.let(i32.add(host, i32.sub(bytes, 1)))))
  f.return(select(touched, i32.const(0), entry))
})
