/** Every service by its number. */

import { diskService, floppyService } from './bios/disk-services.ts'
import { equipment, memoryBelow640 } from './bios/equipment.ts'
import { keyInterrupt } from './bios/keyboard-interrupt.ts'
import { keyboardService } from './bios/keyboard-services.ts'
import { pciService } from './bios/pci-services.ts'
import { mouseInterrupt } from './bios/pointing-device.ts'
import { decideReset, post, scanRom, showStart } from './bios/post.ts'
import { printerService } from './bios/printer-services.ts'
import { serialService } from './bios/serial-services.ts'
import { systemService } from './bios/system-services.ts'
import { rtcInterrupt, tick, timeOfDay } from './bios/time-of-day.ts'
import { unexpectedInterrupt } from './bios/unexpected.ts'
import { boot, bootFailed, startBoot } from './boot/boot.ts'
import { startGivenKernel } from './boot/kernel.ts'
import type { Call, Run, ServiceEntry, Steps } from './call.ts'
import { SERVICE } from './rom/services.ts'
import { windowFunction } from './vga/vbe.ts'
import { initializeVideo } from './vga/video-init.ts'
import { videoService } from './vga/video-services.ts'

/** Services of ROM code that is no interrupt handler, or works on its own registers. */
const PLAIN: Readonly<Record<number, Run>> = {
  [SERVICE.reset]: decideReset,
  [SERVICE.post]: post,
  [SERVICE.videoReady]: showStart,
  [SERVICE.scanRom]: scanRom,
  [SERVICE.startBoot]: startBoot,
  [SERVICE.boot]: boot,
  [SERVICE.bootFailed]: bootFailed,
  [SERVICE.kernelRom]: startGivenKernel,
  [SERVICE.tick]: tick,
  [SERVICE.key]: keyInterrupt,
  [SERVICE.mouse]: mouseInterrupt,
  [SERVICE.rtc]: rtcInterrupt,
  [SERVICE.unexpected]: unexpectedInterrupt,
  [SERVICE.videoInit]: initializeVideo,
  [SERVICE.vbeWindow]: windowFunction,
}

/** Services that are called with the caller's interrupt frame on top of the stack. */
const FRAMED: Readonly<Record<number, Run>> = {
  [SERVICE.int10]: videoService,
  [SERVICE.int11]: equipment,
  [SERVICE.int12]: memoryBelow640,
  [SERVICE.int13]: diskService,
  [SERVICE.int40]: floppyService,
  [SERVICE.int14]: serialService,
  [SERVICE.int15]: systemService,
  [SERVICE.int16]: keyboardService,
  [SERVICE.int17]: printerService,
  [SERVICE.int1a]: clockAndPci,
}

/** INT 1Ah. */
function* clockAndPci(call: Call): Steps {
  yield* call.ah === 0xb1 ? pciService(call) : timeOfDay(call)
}

/** The catalogue, by service number. */
export function services(): ReadonlyMap<number, ServiceEntry> {
  const entries = (table: Readonly<Record<number, Run>>, frame: boolean) =>
    Object.entries(table).map(([number, run]): [number, ServiceEntry] => [Number(number), { run, frame }])
  return new Map([...entries(PLAIN, false), ...entries(FRAMED, true)])
}
