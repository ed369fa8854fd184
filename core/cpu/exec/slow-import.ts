/** Calls from generated code into TypeScript. */
import type { SlowPath } from '../ops/runtime.ts'
import type { Cpu } from './cpu.ts'

/** Thrown inside slow paths when the instruction ends with a fault; caught where generated code called in. */
export const GUEST_FAULT = Symbol('guest fault')

/** A slow path as generated code calls it: faults raised inside end here, with FAULT set. */
export function importSlowPath(cpu: Cpu, path: SlowPath): (...args: number[]) => number | undefined {
  const { run } = path
  const guard = (error: unknown): number => {
    if (error !== GUEST_FAULT) throw error
    return 0
  }
  switch (path.params) {
    case 0:
      return () => {
        try {
          return run(cpu)
        } catch (error) {
          return guard(error)
        }
      }
    case 1:
      return (a) => {
        try {
          return run(cpu, a)
        } catch (error) {
          return guard(error)
        }
      }
    case 2:
      return (a, b) => {
        try {
          return run(cpu, a, b)
        } catch (error) {
          return guard(error)
        }
      }
    case 3:
      return (a, b, c) => {
        try {
          return run(cpu, a, b, c)
        } catch (error) {
          return guard(error)
        }
      }
    default:
      return (...args) => {
        try {
          return run(cpu, ...args)
        } catch (error) {
          return guard(error)
        }
      }
  }
}
