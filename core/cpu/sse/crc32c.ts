/**
 * CRC32 (Castagnoli). The remainder of a few bits is linear: every bit of the input contributes a constant or nothing, so the
 * constants of four bits at a time are picked by a mask and all combined with exclusive or.
 *
 * Source: Intel SDM vol 2, CRC32 (polynomial 11EDC6F41h, bits reflected).
 */
import type { I32, V128 } from '../../wasm/expr.ts'
import type { FunctionBuilder } from '../../wasm/function-builder.ts'
import { i32 } from '../../wasm/ops.ts'
import { i8x16, i32x4, v128 } from '../../wasm/simd-ops.ts'
import { lanes } from './integer-lanes.ts'

const POLYNOMIAL = 0x82f6_3b78

/** Remainder after `steps` bits of an input that has only bit `bit`. */
function contribution(bit: number, steps: number): number {
  let crc = (1 << bit) >>> 0
  for (let i = 0; i < steps; i++) crc = (crc >>> 1) ^ (crc & 1 ? POLYNOMIAL : 0)
  return crc >>> 0
}

/** `crc` after `bytes` bytes of `data` (its upper bits are ignored). */
export function crcStep(crc: I32, data: I32, bytes: 1 | 2 | 4, f: FunctionBuilder): I32 {
  const bits = bytes * 8
  // Bits of the old value beyond the input only move down.
  const mixed = f.let(i32x4.splat(i32.xor(crc, bytes === 4 ? data : i32.and(data, 2 ** bits - 1))))
  const four = Array.from({ length: 8 }, (_, group): V128 => {
    const own = [0, 1, 2, 3].map((k) => group * 4 + k)
    const set = i32x4.ne(v128.and(mixed, i32x4.const(...own.map((bit) => 1 << bit))), v128.zero())
    return v128.and(set, i32x4.const(...own.map((bit) => contribution(bit, bits))))
  }).reduce((a, b) => v128.xor(a, b))
  const sum = f.let(four)
  const pair = f.let(v128.xor(sum, i8x16.shuffle(sum, sum, lanes(4, [2, 3, 0, 1]))))
  return i32.xor(i32x4.extract_lane(pair, 0), i32x4.extract_lane(pair, 1))
}
