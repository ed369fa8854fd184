/**
 * How long the display takes, in milliseconds a frame: `node test/bench/vga.ts`. "Drawn" is a frame of which everything
 * changed; "still" is the look at one that did not.
 */
import { VGA_MODES } from '../support/vga-modes.ts'
import { VgaRig } from '../support/vga-rig.ts'

const ROUNDS = 200

function measure(act: () => void): string {
  for (let i = 0; i < 50; i++) act()
  const start = performance.now()
  for (let i = 0; i < ROUNDS; i++) act()
  return `${((performance.now() - start) / ROUNDS).toFixed(3)} ms`
}

function report(name: string, prepare: (rig: VgaRig) => void): void {
  const rig = new VgaRig(0x100_0000)
  prepare(rig)
  const { width, height } = rig.frame()
  const pixels = new Uint32Array(width * height)
  const drawn = measure(() => rig.device.render(pixels, width))
  const still = measure(() => rig.device.frame())
  console.log(`${name.padEnd(24)} ${`${width} x ${height}`.padEnd(12)} drawn ${drawn}   still ${still}`)
}

function enableVbe(rig: VgaRig, width: number, height: number, bitsPerPixel: number): void {
  rig.setMode(VGA_MODES[19])
  for (const [i, value] of [width, height, bitsPerPixel, 0x41].entries()) rig.vbe(1 + i, value)
}

report('text', (rig) => {
  rig.setMode(VGA_MODES[3])
  rig.loadFont()
  for (let i = 0; i < 2000; i++) rig.type(String.fromCharCode(i & 0xff), { at: i, attribute: i & 0x7f })
})
report('mode 12h', (rig) => rig.setMode(VGA_MODES[18]))
report('mode 13h', (rig) => rig.setMode(VGA_MODES[19]))
for (const bits of [8, 16, 24, 32]) report(`VBE, ${bits} bits`, (rig) => enableVbe(rig, 1024, 768, bits))

const rig = new VgaRig()
rig.setMode(VGA_MODES[18])
const { memory } = rig.context
console.log(
  `planar writes            ${measure(() => {
    for (let i = 0; i < 100_000; i++) memory.write(0xa_0000 + (i & 0x7fff), 1, i & 0xff)
  })} for 100,000 bytes`,
)
console.log(
  `retrace polls            ${measure(() => {
    for (let i = 0; i < 100_000; i++) rig.in(0x3da)
  })} for 100,000`,
)
