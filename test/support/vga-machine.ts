/** Runs scripts of VGA accesses in a whole machine of ours and takes its picture of each. */
import { MemoryBlockDevice } from '../../core/disk/memory-block-device.ts'
import { createMachine } from '../../core/machine/builder.ts'
import type { Machine, MachineConfig } from '../../core/machine/machine.ts'
import { testMachineConfig } from './machine-config.ts'
import { buildScriptFloppy } from './vga-floppy.ts'
import type { Picture } from './vga-rig.ts'
import type { VgaStep } from './vga-script.ts'

const MILLISECOND_NS = 1e6
/** A script that takes longer, in guest time, has failed. */
const LIMIT_MS = 60_000

function powerOn(firmware: MachineConfig['firmware'], floppy: Uint8Array): Machine {
  return createMachine(
    testMachineConfig({
      bootOrder: ['floppy'],
      drives: [{ slot: 'fda', kind: 'floppy', medium: new MemoryBlockDevice(floppy) }],
      firmware,
      debugExit: false,
      rtcStartMs: 0,
    }),
  )
}

function pictureOf(machine: Machine): Picture {
  const { widthPx, heightPx } = machine.display.mode()
  const pixels = new Uint32Array(widthPx * heightPx)
  machine.display.render(pixels, true)
  for (const [i, pixel] of pixels.entries()) {
    pixels[i] = ((pixel & 0xff) << 16) | (pixel & 0xff00) | ((pixel >>> 16) & 0xff)
  }
  return { width: widthPx, height: heightPx, pixels }
}

/** The picture after each script, a tenth of a second of guest time later. */
export function machinePictures(
  nasm: string,
  firmware: MachineConfig['firmware'],
  scripts: readonly (readonly VgaStep[])[],
): Picture[] {
  const machine = powerOn(firmware, buildScriptFloppy(nasm, scripts))
  const [com1] = machine.serialPorts
  if (!com1) throw new Error('The machine has no COM1')
  let done = 0
  com1.onOutput = () => void done++
  try {
    return scripts.map((_, index) => {
      for (let ms = 0; done <= index; ms += 10) {
        if (ms > LIMIT_MS) throw new Error(`Script ${index} does not end: ${JSON.stringify(machine.display.text())}`)
        machine.runSlice(10 * MILLISECOND_NS)
      }
      for (let i = 0; i < 10; i++) machine.runSlice(10 * MILLISECOND_NS)
      const picture = pictureOf(machine)
      com1.receive('n'.charCodeAt(0))
      return picture
    })
  } finally {
    machine.dispose()
  }
}
