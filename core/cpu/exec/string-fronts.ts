/**
 * String instructions in generated code: the same steps in the same order as runString and its parts in strings.ts, which say
 * why. An element that the TLB does not settle goes through the paths of every other memory access.
 */
import type { I32, I32In } from '../../wasm/expr.ts'
import { asI32, loadPrefixed, select } from '../../wasm/expr.ts'
import type { Callee, FunctionBuilder, Label, Local } from '../../wasm/function-builder.ts'
import { callExpr } from '../../wasm/function-builder.ts'
import { i32 } from '../../wasm/ops.ts'
import { i8x16, v128 } from '../../wasm/simd-ops.ts'
import { entryOf } from '../mmu/fill.ts'
import type { Front, Linker } from '../ops/runtime.ts'
import { runtimeFunction } from '../ops/runtime.ts'
import { DF } from '../state/cpu-state.ts'
import * as L from '../state/layout.ts'
import { commitPath, probePath, readPath } from './memory-paths.ts'

const ES_AT = i32.const(L.segmentOffset(L.ES))
const EAX = L.registerOffset(0)
const ECX = L.registerOffset(1)
const ESI = L.registerOffset(6)
const EDI = L.registerOffset(7)
/** As in strings.ts. */
const MOST = 4096
const PIECE = 16
/** Fewer elements than this are moved one by one. */
const FEW = 8

const smaller = (a: I32, b: I32): I32 => select(i32.lt_u(a, b), a, b)

/** (host, bytes) -> element, zero-extended */
const loadElement = runtimeFunction('load_element', ['i32', 'i32'], 'i32', (f) => {
  const [host, bytes] = [f.param(0, 'i32'), f.param(1, 'i32')]
  f.if(i32.eq(bytes, 4), () => f.return(i32.load(host)))
  f.if(i32.eq(bytes, 1), () => f.return(i32.load8_u(host)))
  f.return(i32.load16_u(host))
})

/** (host, value, bytes) */
const storeElement = runtimeFunction('store_element', ['i32', 'i32', 'i32'], 'void', (f) => {
  const [host, value, bytes] = [f.param(0, 'i32'), f.param(1, 'i32'), f.param(2, 'i32')]
  f.if(i32.eq(bytes, 4), () => {
    f.store32(host, value)
    f.return()
  })
  f.if(
    i32.eq(bytes, 1),
    () => f.store8(host, value),
    () => f.store16(host, value),
  )
})

/** Sets flags as CMP a, b does: (a, b, bytes). */
const compareElements = runtimeFunction('compare_elements', ['i32', 'i32', 'i32'], 'void', (f) => {
  const [a, b, bytes] = [f.param(0, 'i32'), f.param(1, 'i32'), f.param(2, 'i32')]
  const shift = f.let(i32.sub(32, i32.shl(bytes, 3)))
  const r = f.let(i32.sub(a, b))
  const borrow = f.let(i32.or(i32.and(i32.xor(a, -1), b), i32.and(i32.xor(i32.xor(a, b), -1), r)))
  f.store32(0, i32.shr_s(i32.shl(r, shift), shift), L.FLAGS_RESULT)
  f.store32(0, i32.or(i32.and(borrow, 8), i32.and(i32.shl(borrow, shift), 0xc000_0000)), L.FLAGS_AUX)
})

/** (segment, offset, write) -> host address of plain memory that the TLB knows, or 0. */
const knownHost = runtimeFunction('known_host', ['i32', 'i32', 'i32'], 'i32', (f) => {
  const [segment, offset, write] = [f.param(0, 'i32'), f.param(1, 'i32'), f.param(2, 'i32')]
  const shift = f.let(i32.shl(write, 2))
  f.if(i32.ge_u(offset, i32.load(i32.add(segment, shift), L.SEG_READ_END)), () => f.return(i32.const(0)))
  const linear = f.let(i32.add(offset, i32.load(segment, L.SEG_BASE)))
  const entry = f.let(entryOf(linear, i32.load(0, L.TLB)))
  const known = i32.eq(i32.load(i32.add(entry, shift)), i32.and(linear, 0xffff_f000))
  f.return(select(known, i32.add(linear, i32.load(entry, 8)), i32.const(0)))
})

/** (segment, offset, bytes, address mask) -> elements from there on in the page and below the segment's end, going up. */
const roomIn = runtimeFunction('string_room', ['i32', 'i32', 'i32', 'i32'], 'i32', (f) => {
  const [segment, offset, bytes, mask] = [f.param(0, 'i32'), f.param(1, 'i32'), f.param(2, 'i32'), f.param(3, 'i32')]
  const linear = i32.add(offset, i32.load(segment, L.SEG_BASE))
  const toPage = f.let(i32.sub(0xfff, i32.and(linear, 0xfff)))
  const end = f.let(smaller(f.let(i32.load(segment, L.SEG_LIMIT)), mask))
  const toEnd = f.let(i32.sub(end, offset))
  f.return(i32.shr_u(i32.add(smaller(toPage, toEnd), 1), i32.shr_u(bytes, 1)))
})

/** (to, from, length, bytes): an upward move element by element, as far as bytes go in pieces. `to` is no nearer above `from` than an element. */
const moveUp = runtimeFunction('move_up', ['i32', 'i32', 'i32', 'i32'], 'void', (f) => {
  const [to, from, length, bytes] = [f.param(0, 'i32'), f.param(1, 'i32'), f.param(2, 'i32'), f.param(3, 'i32')]
  f.if(i32.lt_u(length, i32.mul(bytes, FEW)), () => {
    const at = f.variable(i32.const(0))
    const copy = (step: number, move: () => void) =>
      f.loop((again) => {
        move()
        f.set(at, i32.add(at, step))
        f.brIf(again, i32.lt_u(at, length))
      })
    const source = i32.add(from, at)
    const target = i32.add(to, at)
    f.if(i32.eq(bytes, 4), () => {
      copy(4, () => f.store32(target, i32.load(source)))
      f.return()
    })
    f.if(i32.eq(bytes, 1), () => {
      copy(1, () => f.store8(target, i32.load8_u(source)))
      f.return()
    })
    copy(2, () => f.store16(target, i32.load16_u(source)))
    f.return()
  })
  const distance = f.let(i32.sub(to, from))
  f.if(i32.ge_u(i32.sub(distance, 1), i32.sub(length, 1)), () => {
    f.copy(to, from, length)
    f.return()
  })
  // It repeats what it has just written: what is there doubles each time.
  const done = f.variable(i32.const(0))
  f.loop((again) => {
    const part = f.let(smaller(f.let(i32.add(distance, done)), f.let(i32.sub(length, done))))
    f.copy(i32.add(to, done), from, part)
    f.set(done, i32.add(done, part))
    f.brIf(again, i32.lt_u(done, length))
  })
})

/** (to, value, length, bytes) */
const fillUp = runtimeFunction('fill_up', ['i32', 'i32', 'i32', 'i32'], 'void', (f, link) => {
  const [to, value, length, bytes] = [f.param(0, 'i32'), f.param(1, 'i32'), f.param(2, 'i32'), f.param(3, 'i32')]
  const low = f.let(i32.and(value, 0xff))
  const same = i32.or(
    i32.or(i32.eq(bytes, 1), i32.eq(value, i32.mul(low, 0x0101_0101))),
    i32.and(i32.eq(bytes, 2), i32.eq(value, i32.mul(low, 0x0101))),
  )
  f.if(i32.and(i32.ge_u(length, 32), same), () => {
    f.fill(to, low, length)
    f.return()
  })
  f.call(link.runtime(storeElement), to, value, bytes)
  f.if(i32.gt_u(length, bytes), () =>
    f.call(link.runtime(moveUp), i32.add(to, bytes), to, i32.sub(length, bytes), bytes),
  )
})

/** What the parts of one string instruction share. */
interface Parts {
  readonly f: FunctionBuilder
  readonly link: Linker
  readonly segment: I32
  readonly bytes: I32
  readonly mask: I32
  readonly repeat: I32
  readonly delta: I32
  /** Where a fault leaves to. */
  readonly faulted: Label
  index(register: number): I32
  setIndex(register: number, value: I32): void
  room(segment: I32, offset: I32): I32
  host(segment: I32, offset: I32, write: 0 | 1): I32
  load(host: I32): I32
  /** Reads or writes one element by the general way. */
  read(segment: I32, offset: I32): I32
  write(offset: I32, value: I32): void
  accumulator(): I32
}

interface Kind {
  /** One iteration: moves the pointers that it uses. */
  step(p: Parts): void
  /** Several at once, upwards: sets `many` to how many, and leaves it 0 where that cannot be. */
  bulk?(p: Parts, many: Local<'i32'>, left: I32, done: I32): void
  /** Iterations of `bulk` count as so many: as themselves or as a piece. */
  readonly counted?: boolean
  readonly compares?: boolean
}

function makeParts(f: FunctionBuilder, link: Linker, faulted: Label): Parts {
  const [segment, bytes, address, repeat] = [f.param(0, 'i32'), f.param(1, 'i32'), f.param(2, 'i32'), f.param(3, 'i32')]
  const mask = f.let(select(i32.eq(address, 2), i32.const(0xffff), i32.const(-1)))
  const delta = f.let(select(i32.and(i32.load(0, L.EFLAGS), DF), i32.sub(0, bytes), bytes))
  const leaveOnFault = () => f.brIf(faulted, i32.load(0, L.FAULT))
  return {
    f,
    link,
    segment,
    bytes,
    mask,
    repeat,
    delta,
    faulted,
    index: (register) => f.let(i32.and(i32.load(0, register), mask)),
    setIndex: (register, value) => setMasked(f, register, value, mask),
    room: (at, offset) => f.let(callExpr(link.runtime(roomIn), at, offset, bytes, mask)),
    host: (at, offset, write) => f.let(callExpr(link.runtime(knownHost), at, offset, i32.const(write))),
    load: (host) => f.let(callExpr(link.runtime(loadElement), host, bytes)),
    read: (at, offset) => {
      const value = f.let(callExpr(link.slow(readPath) as Callee<'i32'>, at, offset, bytes))
      leaveOnFault()
      return value
    },
    write: (offset, value) => {
      const host = f.let(callExpr(link.slow(probePath) as Callee<'i32'>, ES_AT, offset, bytes, i32.const(0)))
      leaveOnFault()
      f.call(link.runtime(storeElement), host, value, bytes)
      f.if(i32.eq(host, L.SCRATCH), () => f.call(link.slow(commitPath)))
    },
    accumulator: () => f.let(callExpr(link.runtime(loadElement), i32.const(EAX), bytes)),
  }
}

function setMasked(f: FunctionBuilder, register: number, value: I32In, mask: I32): void {
  const kept = i32.and(i32.load(0, register), i32.xor(mask, -1))
  f.store32(0, i32.or(kept, i32.and(asI32(value), mask)), register)
}

const stringFront =
  (kind: Kind): Front =>
  (f, link) => {
    f.block((faulted) => {
      const p = makeParts(f, link, faulted)
      const { repeat, mask } = p
      f.if(i32.eqz(repeat), () => {
        kind.step(p)
        f.store32(0, i32.load(0, L.NEXT_EIP), L.EIP)
        f.return()
      })
      const left = f.variable(p.index(ECX))
      const done = f.variable(i32.const(0))
      const many = f.local('i32')
      f.block((end) => {
        f.brIf(end, i32.eqz(left))
        f.loop((again) => {
          f.set(many, i32.const(0))
          const { bulk } = kind
          if (bulk) f.if(i32.and(i32.gt_s(p.delta, 0), i32.gt_u(left, 1)), () => bulk(p, many, left, done))
          f.if(
            many,
            () => {
              f.set(left, i32.sub(left, many))
              f.set(done, i32.add(done, kind.counted ? many : PIECE))
              setMasked(f, ECX, left, mask)
            },
            () => {
              kind.step(p)
              f.set(left, i32.sub(left, 1))
              f.set(done, i32.add(done, 1))
              setMasked(f, ECX, left, mask)
              if (kind.compares) {
                const equal = i32.eqz(i32.load(0, L.FLAGS_RESULT))
                f.if(i32.ne(equal, i32.eq(repeat, 0xf3)), () => {
                  f.set(left, i32.const(0))
                  f.br(end)
                })
              }
            },
          )
          f.brIf(end, i32.eqz(left))
          f.brIf(end, i32.le_s(i32.load(0, L.BUDGET), 0))
          f.brIf(again, i32.lt_u(done, MOST))
        })
      })
      f.store32(0, i32.sub(i32.load(0, L.BUDGET), done), L.BUDGET)
      f.if(i32.eqz(left), () => f.store32(0, i32.load(0, L.NEXT_EIP), L.EIP))
    })
  }

const advance = (p: Parts, register: number, from: I32): void => p.setIndex(register, i32.add(from, p.delta))

export const moveFront = stringFront({
  step(p) {
    const [si, di] = [p.index(ESI), p.index(EDI)]
    p.write(di, p.read(p.segment, si))
    advance(p, ESI, si)
    advance(p, EDI, di)
  },
  bulk(p, many, left) {
    const { f, bytes } = p
    const [si, di] = [p.index(ESI), p.index(EDI)]
    const from = p.host(p.segment, si, 0)
    const to = p.host(ES_AT, di, 1)
    f.if(i32.and(i32.ne(from, 0), i32.ne(to, 0)), () => {
      const n = f.let(smaller(left, f.let(smaller(p.room(p.segment, si), p.room(ES_AT, di)))))
      // Nearer above than one element: step by step.
      const near = i32.lt_u(i32.sub(i32.sub(to, from), 1), i32.sub(bytes, 1))
      f.if(i32.and(i32.ne(n, 0), i32.eqz(near)), () => {
        const length = f.let(i32.mul(n, bytes))
        f.call(p.link.runtime(moveUp), to, from, length, bytes)
        p.setIndex(ESI, i32.add(si, length))
        p.setIndex(EDI, i32.add(di, length))
        f.set(many, n)
      })
    })
  },
})

export const storeFront = stringFront({
  step(p) {
    const di = p.index(EDI)
    p.write(di, p.accumulator())
    advance(p, EDI, di)
  },
  bulk(p, many, left) {
    const { f, bytes } = p
    const di = p.index(EDI)
    const to = p.host(ES_AT, di, 1)
    f.if(to, () => {
      const n = f.let(smaller(left, p.room(ES_AT, di)))
      f.if(n, () => {
        const length = f.let(i32.mul(n, bytes))
        f.call(p.link.runtime(fillUp), to, p.accumulator(), length, bytes)
        p.setIndex(EDI, i32.add(di, length))
        f.set(many, n)
      })
    })
  },
})

export const loadFront = stringFront({
  step(p) {
    const si = p.index(ESI)
    p.f.call(p.link.runtime(storeElement), i32.const(EAX), p.read(p.segment, si), p.bytes)
    advance(p, ESI, si)
  },
})

export const compareFront = stringFront({
  compares: true,
  counted: true,
  step(p) {
    const [si, di] = [p.index(ESI), p.index(EDI)]
    const a = p.read(p.segment, si)
    const b = p.read(ES_AT, di)
    p.f.call(p.link.runtime(compareElements), a, b, p.bytes)
    advance(p, ESI, si)
    advance(p, EDI, di)
  },
  // Up to the one that decides, or the last.
  bulk(p, many, left, done) {
    const { f, bytes } = p
    const [si, di] = [p.index(ESI), p.index(EDI)]
    const from = p.host(p.segment, si, 0)
    const to = p.host(ES_AT, di, 0)
    f.if(i32.and(i32.and(i32.ne(from, 0), i32.ne(to, 0)), i32.gt_s(i32.load(0, L.BUDGET), 0)), () => {
      const room = f.let(smaller(p.room(p.segment, si), p.room(ES_AT, di)))
      const most = f.let(smaller(f.let(smaller(f.let(i32.sub(left, 1)), room)), f.let(i32.sub(MOST, done))))
      const n = f.variable(i32.const(0))
      const wanted = f.let(i32.eq(p.repeat, 0xf3))
      f.block((found) => {
        f.loop((again) => {
          f.brIf(found, i32.ge_u(n, most))
          const offset = f.let(i32.mul(n, bytes))
          const equal = i32.eq(p.load(i32.add(from, offset)), p.load(i32.add(to, offset)))
          f.brIf(found, i32.ne(equal, wanted))
          f.set(n, i32.add(n, 1))
          f.br(again)
        })
      })
      f.if(n, () => {
        const length = f.let(i32.mul(n, bytes))
        const last = f.let(i32.sub(length, bytes))
        f.call(p.link.runtime(compareElements), p.load(i32.add(from, last)), p.load(i32.add(to, last)), bytes)
        p.setIndex(ESI, i32.add(si, length))
        p.setIndex(EDI, i32.add(di, length))
        f.set(many, n)
      })
    })
  },
})

export const scanFront = stringFront({
  compares: true,
  step(p) {
    const di = p.index(EDI)
    const a = p.accumulator()
    const b = p.read(ES_AT, di)
    p.f.call(p.link.runtime(compareElements), a, b, p.bytes)
    advance(p, EDI, di)
  },
  bulk(p, many, left) {
    const { f, bytes } = p
    const di = p.index(EDI)
    const from = p.host(ES_AT, di, 0)
    f.if(from, () => {
      const most = f.let(i32.sub(smaller(left, p.room(ES_AT, di)), 1))
      const value = p.accumulator()
      const n = f.variable(i32.const(0))
      const wanted = f.let(i32.eq(p.repeat, 0xf3))
      f.if(i32.gt_s(most, 0), () => {
        // Sixteen bytes at a time, as long as none of them is the one that REPNE looks for.
        f.if(i32.and(i32.eq(bytes, 1), i32.eqz(wanted)), () =>
          f.block((found) => {
            f.loop((again) => {
              f.brIf(found, i32.gt_s(i32.add(n, 16), most))
              const block = loadPrefixed(0, 0, i32.add(from, n), 0)
              f.brIf(found, v128.any_true(i8x16.eq(block, i8x16.splat(value))))
              f.set(n, i32.add(n, 16))
              f.br(again)
            })
          }),
        )
        f.block((found) => {
          f.loop((again) => {
            f.brIf(found, i32.ge_s(n, most))
            const equal = i32.eq(p.load(i32.add(from, i32.mul(n, bytes))), value)
            f.brIf(found, i32.ne(equal, wanted))
            f.set(n, i32.add(n, 1))
            f.br(again)
          })
        })
        f.if(n, () => {
          const last = p.load(i32.add(from, i32.mul(i32.sub(n, 1), bytes)))
          f.call(p.link.runtime(compareElements), value, last, bytes)
          p.setIndex(EDI, i32.add(di, i32.mul(n, bytes)))
          f.set(many, n)
        })
      })
    })
  },
})
