/** What kind of work a sample of the thread's stack is. */
import type { TimeKind } from '../../core/contract/profile.ts'

/** A function on the stack, as V8 names it; the innermost comes first. */
export interface Frame {
  readonly functionName: string
  /** Path of its source, or `wasm://...`; empty for V8's own. */
  readonly url: string
}

const REGION = /^wasm:\/\/wasm\/region-(\d+)/
/** Where the loop of the thread sleeps (vm-loop.ts). */
const SLEEPERS = new Set(['#sleep', '#stand', '#brake'])

/** Folders of the sources, the more special first. */
const FOLDERS: readonly (readonly [RegExp, TimeKind])[] = [
  [/core\/(cpu|memory)\//, 'slow-paths'],
  [/core\/(devices|firmware|disk|bus|time|machine|net)\//, 'devices'],
  [/worker\/files\//, 'devices'],
]

/** Number of the region that a frame is in, or -1. */
export function regionOf({ url }: Frame): number {
  const match = REGION.exec(url)
  return match ? Number(match[1]) : -1
}

export function kindOf(stack: readonly Frame[]): TimeKind {
  const [innermost] = stack
  if (!innermost) return 'other'
  // Making a module is V8's work below ours.
  if (stack.some(({ url }) => /core\/cpu\/jit\//.test(url))) return 'compiling'
  if (innermost.functionName === '(garbage collector)') return 'other'
  // V8 makes machine code of a region at its first call, and names the door that the call came in by.
  if (innermost.functionName.startsWith('js-to-wasm')) return 'compiling'
  if (innermost.url.startsWith('wasm://')) {
    if (regionOf(innermost) >= 0) return 'compiled'
    return stack.some((frame) => regionOf(frame) >= 0) ? 'slow-paths' : 'interpreted'
  }
  for (const { url, functionName } of stack) {
    if (url.startsWith('wasm://')) return 'slow-paths'
    if (/worker\/vm\//.test(url)) return SLEEPERS.has(functionName) ? 'idle' : 'other'
    const folder = FOLDERS.find(([pattern]) => pattern.test(url))
    if (folder) return folder[1]
  }
  return 'other'
}
