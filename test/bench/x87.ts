/**
 * Nanoseconds per x87 operation: `node test/bench/x87.ts [--rounds N]`. The runtime functions are called in a loop of WebAssembly,
 * each on the result of the one before; ST(0) holds 0.75 and ST(1) 0.7 at the beginning of every hundred operations.
 */
import { parseArgs } from 'node:util'
import { ModuleLinker } from '../../core/cpu/exec/interpreter-module.ts'
import type { RuntimeFunction } from '../../core/cpu/ops/runtime.ts'
import * as L from '../../core/cpu/state/layout.ts'
import { fpatan } from '../../core/cpu/x87/arctangent.ts'
import { compareRegister } from '../../core/cpu/x87/compare.ts'
import { f2xm1 } from '../../core/cpu/x87/exponential.ts'
import { fldDouble, fldInteger, fldSingle } from '../../core/cpu/x87/load.ts'
import { fyl2x, fyl2xp1 } from '../../core/cpu/x87/logarithm.ts'
import { addForms, divideForms, multiplyForms, subtractForms } from '../../core/cpu/x87/operations.ts'
import { exchange } from '../../core/cpu/x87/registers.ts'
import { partialRemainder } from '../../core/cpu/x87/remainder.ts'
import { roundToInteger, scale } from '../../core/cpu/x87/scale.ts'
import { squareRoot } from '../../core/cpu/x87/square-root.ts'
import { storeDouble, storeRounded } from '../../core/cpu/x87/store.ts'
import { fcos, fptan, fsin, fsincos } from '../../core/cpu/x87/trigonometry.ts'
import type { Expr } from '../../core/wasm/expr.ts'
import { constI64 } from '../../core/wasm/expr.ts'
import { ModuleBuilder } from '../../core/wasm/module-builder.ts'
import { i32 } from '../../core/wasm/ops.ts'

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '500' } } })
const rounds = Number(values.rounds)
const PER_ROUND = 100
/** The best of them counts: other programs only make it slower. */
const BATCHES = 40

const double = (x: number): Expr<'i64'> => {
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, x)
  return constI64(view.getBigInt64(0))
}
const one = i32.const(1)
const zero = i32.const(0)

type Operation = readonly [name: string, fn: RuntimeFunction, ...args: Expr[]]
const OPERATIONS: readonly Operation[] = [
  ['FADD m64', addForms.double, double(0.3)],
  ['FADD ST, ST(1)', addForms.toTop, one],
  ['FSUB m64', subtractForms.double, double(0.3)],
  ['FMUL m64', multiplyForms.double, double(1.0001)],
  ['FMUL m32', multiplyForms.single, i32.const(0x3f80_0100)],
  ['FDIV m64', divideForms.double, double(1.0001)],
  ['FLD m64', fldDouble, double(0.3)],
  ['FLD m32', fldSingle, i32.const(0x3f80_0100)],
  ['FILD m32', fldInteger, constI64(12345)],
  ['FST m64', storeDouble, zero],
  ['FIST m32', storeRounded, zero, i32.const(32)],
  ['FXCH', exchange, one],
  ['FCOM ST(1)', compareRegister, one, zero],
  ['FSQRT', squareRoot],
  ['FPREM', partialRemainder],
  ['FRNDINT', roundToInteger],
  ['FSCALE', scale],
  ['FSIN', fsin],
  ['FCOS', fcos],
  ['FSINCOS', fsincos],
  ['FPTAN', fptan],
  ['FPATAN', fpatan],
  ['F2XM1', f2xm1],
  ['FYL2X', fyl2x],
  ['FYL2XP1', fyl2xp1],
]

/** ST(0) = 0.75, ST(1) = 0.7, physical registers 3 and 4; the rest empty. */
function prepare(words: DataView, control: number): void {
  words.setUint32(L.FPU_CONTROL, control, true)
  words.setUint32(L.FPU_STATUS, 0, true)
  words.setUint32(L.FPU_TOP, 3, true)
  words.setUint32(L.FPU_TAGS, 0x18, true)
  words.setBigUint64(L.fpuRegisterOffset(3), 0xc000_0000_0000_0000n, true)
  words.setUint32(L.fpuRegisterOffset(3) + 8, 0x3ffe, true)
  words.setBigUint64(L.fpuRegisterOffset(4), 0xb333_3333_3333_3333n, true)
  words.setUint32(L.fpuRegisterOffset(4) + 8, 0x3ffe, true)
}

const builder = new ModuleBuilder()
builder.importMemory('env', 'memory')
const link = new ModuleLinker(builder)
OPERATIONS.forEach(([, fn, ...args], n) => {
  builder.define(
    `op${n}`,
    [],
    'void',
    (f) => {
      const left = f.variable(i32.const(PER_ROUND))
      const callee = link.runtime(fn)
      const control = f.let(i32.load(0, L.FPU_TOP))
      const tags = f.let(i32.load(0, L.FPU_TAGS))
      f.loop((again) => {
        f.call(callee, ...args)
        f.store32(0, control, L.FPU_TOP)
        f.store32(0, tags, L.FPU_TAGS)
        f.set(left, i32.sub(left, 1))
        f.brIf(again, left)
      })
    },
    true,
  )
})
link.finish()
const memory = new WebAssembly.Memory({ initial: 2, maximum: 65536, shared: true })
const words = new DataView(memory.buffer)
const instance = new WebAssembly.Instance(new WebAssembly.Module(builder.encode(true)), { env: { memory }, slow: {} })

const CONTROLS = [
  [0x37f, '64 bits'],
  [0x27f, '53 bits'],
] as const

console.log(`ns per operation      ${CONTROLS.map(([, name]) => name.padStart(9)).join('')}`)
OPERATIONS.forEach(([name], n) => {
  const run = instance.exports[`op${n}`] as () => void
  const results = CONTROLS.map(([control]) => {
    let best = Number.POSITIVE_INFINITY
    for (let batch = 0; batch < BATCHES; batch++) {
      const start = process.hrtime.bigint()
      for (let i = 0; i < rounds; i++) {
        prepare(words, control)
        run()
      }
      best = Math.min(best, Number(process.hrtime.bigint() - start) / rounds / PER_ROUND)
    }
    return best
  })
  console.log(`${name.padEnd(22)}${results.map((ns) => ns.toFixed(1).padStart(9)).join('')}`)
})
