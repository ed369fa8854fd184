/**
 * Where the firmware places the power management registers of the PIIX4 (82371AB datasheet, 11.3): the ACPI tables, APM and
 * POST agree here.
 */
/** Base of the PM1 event, control and timer registers. */
export const PM_BASE = 0x600
/** PMCNTRL. */
export const PM_CONTROL_PORT = PM_BASE + 4
/** PMCNTRL with SUS_EN and suspend type 0, soft off. */
export const SLEEP_ENABLE = 0x2000
/** Base of the SMBus host registers. */
export const SMBUS_BASE = 0x700
/** PIIX4's power management interrupt. */
export const SCI_IRQ = 9
