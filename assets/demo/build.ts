/**
 * Builds `demo.img` from `source/` with nasm. Run it after a change there: `node assets/demo/build.ts`. The same source gives the
 * same image, byte by byte.
 */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

const source = join(import.meta.dirname, 'source')

/** Where the committed image is. */
export const demoImage = join(import.meta.dirname, 'demo.img')

/** Assembles the disk into `target`; `nasm` is the assembler. Throws with nasm's messages when the source is wrong. */
export function buildDemo(nasm: string, target: string): void {
  // A warning that is new ends the build.
  execFileSync(nasm, ['-f', 'bin', '-Wall', '-Werror', '-i', `${source}/`, '-o', target, join(source, 'image.asm')])
}

if (import.meta.main) buildDemo('nasm', demoImage)
