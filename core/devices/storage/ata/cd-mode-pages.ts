/** The mode pages of a CD-ROM drive (MMC-3 5.5; SFF-8020i 10.8.6). */
import type { CdStatus } from './cd-replies.ts'

/** Kilobytes a second of a drive with 24 times the speed of audio. */
const SPEED_KBPS = 4234
const BUFFER_KIB = 512

/** Page control: current and default values are the same here, nothing can be changed, nothing is saved. */
const CHANGEABLE = 1

const pageBytes = (code: number, length: number, ...values: readonly number[]): number[] => {
  const page = [code, length, ...values]
  return page.concat(new Array(length + 2 - page.length).fill(0))
}

const word = (value: number): [number, number] => [value >>> 8, value & 0xff]

function pages(status: CdStatus): readonly (readonly number[])[] {
  const mechanism = 0x29 | (status.locked ? 0x02 : 0) // tray, can be ejected and locked
  return [
    pageBytes(0x01, 6, 0, 5), // error recovery: five retries
    pageBytes(0x0d, 6, 0, 0x0d, 0, 60, 0, 75), // CD: minutes and seconds
    pageBytes(0x0e, 14, 0x04, 0, 0, 0, 0, 75, 1, 0xff, 2, 0xff), // audio control
    pageBytes(0x1a, 10), // power conditions
    // Reads CD-R, CD-RW and DVD-ROM, mode 2, several sessions.
    pageBytes(
      0x2a,
      18,
      0x0b,
      0,
      0x70,
      0,
      mechanism,
      0,
      ...word(SPEED_KBPS),
      ...word(2),
      ...word(BUFFER_KIB),
      ...word(SPEED_KBPS),
    ),
  ]
}

/** Medium type of the mode parameter header: data disc of 120 mm, no disc, or open. */
function mediumType(status: CdStatus): number {
  if (status.trayOpen) return 0x71
  return status.sectors === 0 ? 0x70 : 0x01
}

/**
 * The answer to MODE SENSE for page `code` (3Fh is all), with a header of eight bytes, or of four in the short form. Undefined
 * when there is no such page.
 */
export function modeSense(status: CdStatus, code: number, control: number, short: boolean): Uint8Array | undefined {
  const chosen = pages(status).filter((page) => code === 0x3f || page[0] === code)
  if (chosen.length === 0) return undefined
  const body = chosen.flatMap((page) => (control === CHANGEABLE ? page.map((byte, i) => (i < 2 ? byte : 0)) : page))
  const header = short
    ? [body.length + 3, mediumType(status), 0, 0]
    : [...word(body.length + 6), mediumType(status), 0, 0, 0, 0, 0]
  return Uint8Array.from([...header, ...body])
}
