/**
 * Watching a machine: its picture and its serial lines. Both come as binary messages (binary.ts) that carry the subscription's
 * number. A subscription goes on through power-off and the next start, and ends with its connection.
 */
import { z } from '../base/schema.ts'
import { machineIdSchema } from './machine-spec.ts'
import { method } from './method.ts'

const serialPortNumber = z.int().min(1).max(4)

export const consoleApi = {
  /** Begins to watch. Frames come when the picture changes; the first one is whole. Serial lines begin with their recent past. */
  open: method(
    z.strictObject({
      id: machineIdSchema,
      /** 0: no frames. */
      maxFramesPerSecond: z.int().min(0).max(120).default(60),
      serialPorts: z.array(serialPortNumber).max(4).default([]),
    }),
    z.object({ subscriptionId: z.int().positive() }),
  ),
  close: method(z.strictObject({ subscriptionId: z.int().positive() }), z.null()),
  /** Says that the frame `sequence` has been drawn. The host sends at most two frames that have not been. */
  frameDrawn: method(
    z.strictObject({ subscriptionId: z.int().positive(), sequence: z.int().nonnegative() }),
    z.null(),
    { quiet: true },
  ),
  /** Sends text (as UTF-8) or bytes (one per character, `binary`) to a serial port of a running machine. */
  sendSerial: method(
    z.strictObject({
      id: machineIdSchema,
      port: serialPortNumber,
      data: z.string().max(1 << 20),
      binary: z.boolean().default(false),
    }),
    z.null(),
    { quiet: true },
  ),
} as const
