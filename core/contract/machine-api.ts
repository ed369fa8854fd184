/** One running machine: power, keys, mouse, media and what is on its screen. */
import { z } from '../base/schema.ts'
import { machineStatsSchema } from './events.ts'
import { keyEventSchema } from './key-codes.ts'
import { keyboardLayoutSchema } from './keyboard-layouts.ts'
import { wholeCardSchema } from './machine-card.ts'
import { driveSlotSchema, machineIdSchema } from './machine-spec.ts'
import { mediaSourceSchema } from './media-source.ts'
import { method } from './method.ts'
import { profileSchema } from './profile.ts'

const byId = z.strictObject({ id: machineIdSchema })

export const mouseEventSchema = z.discriminatedUnion('kind', [
  /** In mouse counts; y grows downwards. */
  z.strictObject({ kind: z.literal('move'), dx: z.int().min(-4096).max(4096), dy: z.int().min(-4096).max(4096) }),
  /**
   * To a place on the guest's screen, in its pixels from the top left. On a PS/2 mouse, which has only movements, the pointer
   * is first driven into the corner; a guest that accelerates its pointer ends up elsewhere.
   */
  z.strictObject({ kind: z.literal('position'), x: z.int().min(0).max(16_383), y: z.int().min(0).max(16_383) }),
  z.strictObject({ kind: z.literal('button'), button: z.enum(['left', 'right', 'middle']), down: z.boolean() }),
  /** In detents; positive is towards the user (the page moves up). */
  z.strictObject({ kind: z.literal('wheel'), detents: z.int().min(-64).max(64) }),
])
export type MouseEventRecord = z.infer<typeof mouseEventSchema>

export const screenTextSchema = z.object({
  /** In graphics modes `lines` is empty. */
  mode: z.enum(['text', 'graphics']),
  columns: z.int(),
  rows: z.int(),
  /** Code page 437 as Unicode, without trailing blanks. */
  lines: z.array(z.string()),
  cursor: z.object({ column: z.int(), row: z.int() }).nullable(),
})
export type ScreenText = z.infer<typeof screenTextSchema>

export const machineApi = {
  /** Power on. Resolves when the machine runs; `discardWrites` keeps every write of this run out of the images. */
  start: method(z.strictObject({ id: machineIdSchema, discardWrites: z.boolean().default(false) }), wholeCardSchema),
  pause: method(byId, wholeCardSchema),
  resume: method(byId, wholeCardSchema),
  /** The reset button. */
  reset: method(byId, wholeCardSchema),
  /** Pulls the plug. Resolves when the machine is off and its images are closed. */
  powerOff: method(byId, wholeCardSchema),
  /** The power button: asks the guest (ACPI) to shut down. */
  pressPowerButton: method(byId, wholeCardSchema),
  stats: method(byId, machineStatsSchema),
  /** Takes a profile for this long, or, when one is being taken, joins it. Costs the guest some speed meanwhile. */
  profile: method(
    z.strictObject({ id: machineIdSchema, seconds: z.number().min(0.1).max(60).default(5) }),
    profileSchema,
    { quiet: true },
  ),

  /** Keys as they go down and up. */
  keys: method(z.strictObject({ id: machineIdSchema, events: z.array(keyEventSchema).max(256) }), z.null(), {
    quiet: true,
  }),
  /**
   * Types text at the pace the guest takes it, on `layout` or else on the machine's own layout. Resolves when all is typed.
   * Characters that the layout lacks are `ipc/invalid-argument`, or left out with `skipMissing`.
   */
  typeText: method(
    z.strictObject({
      id: machineIdSchema,
      text: z.string().max(100_000),
      layout: keyboardLayoutSchema.optional(),
      skipMissing: z.boolean().default(false),
    }),
    z.null(),
    { quiet: true },
  ),
  mouse: method(z.strictObject({ id: machineIdSchema, events: z.array(mouseEventSchema).max(256) }), z.null(), {
    quiet: true,
  }),

  /** Puts a medium into a floppy or CD drive; what was there is ejected. An upload is kept in the machine's folder. */
  insertMedia: method(
    z.strictObject({
      id: machineIdSchema,
      slot: driveSlotSchema,
      source: mediaSourceSchema,
      writeProtected: z.boolean().default(false),
    }),
    wholeCardSchema,
  ),
  /**
   * Changes how a drive treats its image: at once for floppies and CDs (a guest that looks sees its medium change), at the next start
   * for hard disks.
   */
  setDrive: method(
    z.strictObject({
      id: machineIdSchema,
      slot: driveSlotSchema,
      writeProtected: z.boolean().optional(),
      discardWrites: z.boolean().optional(),
    }),
    wholeCardSchema,
  ),
  ejectMedia: method(z.strictObject({ id: machineIdSchema, slot: driveSlotSchema }), wholeCardSchema),

  screenText: method(byId, screenTextSchema),
  screenshot: method(byId, z.object({ widthPx: z.int(), heightPx: z.int(), pngBase64: z.string() })),
} as const
