/** From a template to the settings of a machine. */
import type { FromTemplate } from '../contract/library-api.ts'
import { type DriveSlot, type MachineSettings, machineSettingsSchema } from '../contract/machine-spec.ts'
import type { Template } from '../contract/template.ts'

/** Slots of the drives that templates give: floppies, the disk, the CD. */
export const DISK_SLOT = 'hda' satisfies DriveSlot
const CD_SLOT = 'hdc' satisfies DriveSlot
const FLOPPY_SLOTS = ['fda', 'fdb'] as const satisfies readonly DriveSlot[]

/**
 * Settings of a machine made from `template` with what was chosen. `disk` is the image of its hard disk, null for none; `media` are
 * the images in its other drives by slot. A medium for a drive that the template does not have brings the drive with it.
 */
export function templateSettings(
  template: Template,
  choice: Pick<FromTemplate, 'group' | 'memoryMib' | 'cpuProfile' | 'limitMips'>,
  name: string,
  disk: string | null,
  media: ReadonlyMap<DriveSlot, string>,
): MachineSettings {
  const { cpu, memoryMib, videoMemoryMib, rtc, bootOrder, acpi } = template
  const floppies = FLOPPY_SLOTS.filter((slot, index) => index < template.floppyDrives || media.has(slot))
  const hasCd = template.cdDrives > 0 || media.has(CD_SLOT)
  return machineSettingsSchema.parse({
    name,
    template: template.id,
    group: choice.group,
    cpu: {
      profile: choice.cpuProfile ?? cpu.profile,
      limitMips: choice.limitMips === undefined ? cpu.limitMips : choice.limitMips,
    },
    memoryMib: choice.memoryMib ?? memoryMib.good,
    clock: { rtc },
    boot: { order: bootOrder },
    acpi,
    display: { videoMemoryMib },
    drives: [
      ...floppies.map((slot) => ({ slot, kind: 'floppy', file: media.get(slot) ?? null })),
      ...(disk === null ? [] : [{ slot: DISK_SLOT, kind: 'disk', file: disk }]),
      ...(hasCd ? [{ slot: CD_SLOT, kind: 'cdrom', file: media.get(CD_SLOT) ?? null }] : []),
    ],
  })
}
