import { expect, it } from 'vitest'
import { kindOf, regionOf } from '../../../worker/vm/time-kinds.ts'

const frame = (url: string, functionName = 'f') => ({ url, functionName })
const region = frame('wasm://wasm/region-17-0a1b2c3d')
const interpreter = frame('wasm://wasm/00ad0bc6')
const run = frame('file:///app/core/cpu/exec/cpu.ts', 'run')
const loop = (name: string) => frame('file:///app/worker/vm/vm-loop.ts', name)

it.each([
  ['compiled', [region, run, loop('#runOnce')]],
  ['interpreted', [interpreter, run, loop('#runOnce')]],
  ['slow-paths', [interpreter, region, run]],
  ['slow-paths', [frame('file:///app/core/cpu/mmu/paging.ts'), region, run]],
  ['slow-paths', [frame(''), region, run]],
  ['slow-paths', [run, loop('#runOnce')]],
  ['compiling', [frame('', 'Module'), frame('file:///app/core/cpu/jit/compiler.ts'), interpreter, run]],
  ['compiling', [frame('file:///app/core/wasm/byte-sink.ts'), frame('file:///app/core/cpu/jit/compiler.ts'), run]],
  ['compiling', [frame('', 'js-to-wasm::'), run, loop('#runOnce')]],
  ['devices', [frame('file:///app/core/devices/display/vga/vga.ts'), interpreter, run]],
  ['devices', [frame('file:///app/core/machine/run-loop.ts'), loop('#runOnce')]],
  ['devices', [frame('', 'readSync'), frame('file:///app/worker/files/file-store.ts'), region, run]],
  ['idle', [frame('', 'wait'), loop('#sleep')]],
  ['other', [loop('#obey')]],
  ['other', [frame('', '(garbage collector)'), region]],
  ['other', [frame('', '(program)')]],
  ['other', []],
] as const)('%s', (kind, stack) => {
  expect(kindOf(stack)).toBe(kind)
})

it('numbers regions by their modules', () => {
  expect(regionOf(region)).toBe(17)
  expect(regionOf(interpreter)).toBe(-1)
})
