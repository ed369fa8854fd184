/**
 * Every chip a machine can have. Settings forms, validation, saved state and contract tests are derived from this list: a new
 * chip adds its own file, one line here, and its test.
 */
import { pcSpeaker } from './audio/pc-speaker.ts'
import { i440fx } from './chipset/i440fx.ts'
import { i8237 } from './chipset/i8237.ts'
import { piix3 } from './chipset/piix3.ts'
import { piix4Pm } from './chipset/piix4-pm/piix4-pm.ts'
import { debugExit } from './debug/debug-exit.ts'
import { portE9 } from './debug/port-e9.ts'
import type { Device, DeviceDescriptor } from './device.ts'
import { vga } from './display/vga/vga.ts'
import { i8042 } from './input/i8042.ts'
import { i8259 } from './interrupt/i8259.ts'
import { ns16550a } from './serial/ns16550a.ts'
import { piix3Ide } from './storage/ata/piix3-ide.ts'
import { i82077aa } from './storage/i82077aa/i82077aa.ts'
import { i8254 } from './timer/i8254.ts'
import { mc146818 } from './timer/mc146818.ts'

export const deviceCatalogue = [
  i82077aa,
  piix3Ide,
  piix4Pm,
  piix3,
  i440fx,
  debugExit,
  i8259,
  portE9,
  vga,
  i8042,
  ns16550a,
  i8237,
  i8254,
  pcSpeaker,
  mc146818,
] as const satisfies readonly DeviceDescriptor<unknown, Device>[]
