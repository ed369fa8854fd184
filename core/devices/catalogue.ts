/**
 * Every chip a machine can have. Settings forms, validation, saved state and contract tests are derived from this list: a new
 * chip adds its own file, one line here, and its test.
 */
import { debugExit } from './debug/debug-exit.ts'
import { portE9 } from './debug/port-e9.ts'
import type { Device, DeviceDescriptor } from './device.ts'
import { i8259 } from './interrupt/i8259.ts'

export const deviceCatalogue = [debugExit, i8259, portE9] as const satisfies readonly DeviceDescriptor<
  unknown,
  Device
>[]
