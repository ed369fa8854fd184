import { expect, it } from 'vitest'
import * as I from '../../../../core/cpu/sse/integer-lanes.ts'
import type { I32, V128 } from '../../../../core/wasm/expr.ts'
import { constI32 } from '../../../../core/wasm/expr.ts'
import type { FunctionBuilder } from '../../../../core/wasm/function-builder.ts'
import { ModuleBuilder } from '../../../../core/wasm/module-builder.ts'
import { i8x16, i16x8, i32x4, i64x2, v128 } from '../../../../core/wasm/simd-ops.ts'

const A = 0
const B = 16
const RESULT = 32
const COUNT = 256

type Immediate = (a: V128, b: V128, imm: I32, f: FunctionBuilder) => V128

const number = (value: I32) => i32x4.splat(value)

/** What takes an immediate: known to the compiler, an operand at run time to the interpreter. */
const FUNCTIONS: Record<string, Immediate> = {
  alignBytes: (a, b, imm, f) => I.alignBytes(a, b, imm, f),
  shiftBytesLeft: (a, _b, imm, f) => I.shiftBytesLeft(a, imm, f),
  shuffleLanes: (a, b, imm, f) => I.shuffleLanes(a, b, imm, f),
  shuffleLowWords: (a, _b, imm) => I.shuffleWords(a, 0, imm),
  shuffleHighWords: (a, _b, imm) => I.shuffleWords(a, 4, imm),
  wordMask: (_a, _b, imm) => I.laneMask(2, imm),
  singleMask: (_a, _b, imm) => I.laneMask(4, imm),
  doubleMask: (_a, _b, imm) => I.laneMask(8, imm),
  extractByte: (a, _b, imm) => number(I.extractLane(a, 1, imm)),
  extractWord: (a, _b, imm) => number(I.extractLane(a, 2, imm)),
  extractLane: (a, _b, imm) => number(I.extractLane(a, 4, imm)),
  insertByte: (a, b, imm) => I.insertLane(a, 1, imm, i32x4.extract_lane(b, 0)),
  insertWord: (a, b, imm) => I.insertLane(a, 2, imm, i32x4.extract_lane(b, 0)),
  insertLane: (a, b, imm) => I.insertLane(a, 4, imm, i32x4.extract_lane(b, 0)),
  shiftWords: (a, _b, imm) => I.shiftBy(i16x8.shl, 16)(a, imm),
  shiftWordsSigned: (a, _b, imm) => I.shiftBy(i16x8.shr_s, 16, true)(a, imm),
  shiftQuads: (a, _b, imm) => I.shiftBy(i64x2.shr_u, 64)(a, imm),
}

function compile(name: string, fn: Immediate): { known: (n: number) => string; operand: (n: number) => string } {
  const builder = new ModuleBuilder()
  builder.importMemory('env', 'memory')
  const store = (f: FunctionBuilder, imm: I32) => {
    const [a, b] = [f.let(v128.load(A)), f.let(v128.load(B))]
    f.storeV128(RESULT, v128.or(fn(a, b, imm, f), i8x16.const(0)))
  }
  for (let n = 0; n < COUNT; n++) builder.define(`${name}${n}`, [], 'void', (f) => store(f, constI32(n)), true)
  builder.define(name, ['i32'], 'void', (f) => store(f, f.param(0, 'i32')), true)
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 65536, shared: true })
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(builder.encode()), { env: { memory } })
  const bytes = new Uint8Array(memory.buffer)
  for (let i = 0; i < 32; i++) bytes[i] = (i * 83 + 0x65) & 0xff
  const run = (call: string, ...args: number[]) => {
    ;(exports[call] as (...args: number[]) => void)(...args)
    return Buffer.from(bytes.slice(RESULT, RESULT + 16)).toString('hex')
  }
  return { known: (n) => run(`${name}${n}`), operand: (n) => run(name, n) }
}

it.each(Object.entries(FUNCTIONS))('%s is the same for an immediate known beforehand and at run time', (name, fn) => {
  const { known, operand } = compile(name, fn)
  const all = Array.from({ length: COUNT }, (_, n) => n)
  expect(all.map(known)).toEqual(all.map(operand))
})
