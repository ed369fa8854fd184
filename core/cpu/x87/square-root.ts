/** FSQRT, correctly rounded. Source: Intel SDM vol 2A FSQRT. */
import { constI64, select } from '../../wasm/expr.ts'
import { f64, i32, i64 } from '../../wasm/ops.ts'
import { runtimeFunction } from '../ops/runtime.ts'
import { infinite, normalize, reportDenormals, takeOne, zero } from './operand.ts'
import { registerAt, storeRounded } from './round.ts'
import { BIAS, clearC1, invalid } from './stack.ts'
import { multiply, setWide, subtractWide, wideVariable } from './wide.ts'

const TWO_32 = 2 ** 32
const TWO_64 = 2 ** 64

/** x87_fsqrt_finite(destination, significand, exponent): root of a positive normalised number. */
const finiteRoot = runtimeFunction('x87_fsqrt_finite', ['i32', 'i64', 'i32'], 'i32', (f, link) => {
  const significand = f.param(1, 'i64')
  const power = f.let(i32.sub(f.param(2, 'i32'), BIAS))
  const odd = f.let(i32.and(power, 1))
  // The radicand, 126 to 128 bits, whose integer root has 64.
  const radicand = {
    hi: f.let(select(odd, significand, i64.shr_u(significand, 1))),
    lo: f.let(select(odd, constI64(0), i64.shl(significand, 63))),
  }
  // 53 bits from the double root, the rest by one Newton step; the slight reduction keeps the estimate from being too large.
  const guess = f.let(i64.trunc_sat_f64_u(f64.mul(f64.sqrt(f64.convert_i64_u(radicand.hi)), TWO_32)))
  const error = subtractWide(f, radicand, multiply(f, guess, guess))
  const errorValue = f64.add(f64.mul(f64.convert_i64_s(error.hi), TWO_64), f64.convert_i64_u(error.lo))
  const step = f64.div(errorValue, f64.mul(f64.convert_i64_u(guess), 2))
  const root = f.variable(i64.add(guess, i64.trunc_sat_f64_s(f64.floor(f64.sub(step, 2 ** -20)))))
  const rest = wideVariable(f, subtractWide(f, radicand, multiply(f, root, root)))
  f.loop((again) => {
    // rest > 2 root: the root is one more.
    const above = i32.or(
      i64.gt_u(rest.hi, i64.shr_u(root, 63)),
      i32.and(i64.eq(rest.hi, i64.shr_u(root, 63)), i64.gt_u(rest.lo, i64.shl(root, 1))),
    )
    f.if(above, () => {
      const twice = { hi: f.let(i64.shr_u(root, 63)), lo: f.let(i64.or(i64.shl(root, 1), 1)) }
      setWide(f, rest, subtractWide(f, rest, twice))
      f.set(root, i64.add(root, 1))
      f.br(again)
    })
  })
  // Above one half exactly where rest > root; a tie cannot be.
  const half = i32.or(i64.ne(rest.hi, 0), i64.gt_u(rest.lo, root))
  const nonZero = i64.extend_u(i64.ne(i64.or(rest.hi, rest.lo), 0))
  const lo = f.variable(i64.or(i64.shl(i64.extend_u(half), 63), nonZero))
  const exponent = f.variable(i32.add(i32.shr_s(power, 1), BIAS))
  storeRounded(f, registerAt(f, link, f.param(0, 'i32')), { sign: i32.const(0), exponent, hi: root, lo })
  f.return(i32.const(1))
})

export const squareRoot = runtimeFunction('x87_fsqrt', [], 'void', (f, link) => {
  const a = takeOne(f, link)
  f.if(zero(a), () => {
    clearC1(f)
    f.return()
  })
  f.if(a.sign, () => {
    f.call(link.runtime(invalid), a.address)
    f.return()
  })
  reportDenormals(f, link, a)
  f.if(infinite(a), () => f.return())
  normalize(f, a)
  f.call(link.runtime(finiteRoot), a.address, a.significand, a.exponent)
})
