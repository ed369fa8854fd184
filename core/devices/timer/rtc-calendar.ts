/**
 * The calendar of the MC146818: ten register bytes in BCD or binary, with hours in 12- or 24-hour form, and what some seconds
 * do to them. The century byte (CMOS 32h) is not the chip's own but counts along, as PC chipsets have it.
 */

/** Register numbers of time and alarm (MC146818A data sheet, figure 11), and the century byte of the PC. */
export const TIME = {
  SECONDS: 0x00,
  SECONDS_ALARM: 0x01,
  MINUTES: 0x02,
  MINUTES_ALARM: 0x03,
  HOURS: 0x04,
  HOURS_ALARM: 0x05,
  WEEKDAY: 0x06,
  DAY: 0x07,
  MONTH: 0x08,
  YEAR: 0x09,
  CENTURY: 0x32,
} as const

/** How the bytes are coded: register B, bits DM and 24/12. */
export interface TimeFormat {
  readonly binary: boolean
  readonly hours24: boolean
}

const DAY_SECONDS = 86_400
const PM = 0x80
/** An alarm byte with both upper bits set matches anything. */
const DONT_CARE = 0xc0

/** Days from 1970-01-01 to the first of `month` (1 to 12). By hand, because Date.UTC takes years 0 to 99 for 1900 to 1999. */
function firstOfMonth(year: number, month: number): number {
  // Years begin in March here, so that the leap day is the last of its year.
  const y = month <= 2 ? year - 1 : year
  const leapDays = Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400)
  const daysBefore = Math.floor((153 * ((month + 9) % 12) + 2) / 5)
  return y * 365 + leapDays + daysBefore - 719_468
}

function decode(byte: number, binary: boolean): number {
  return binary ? byte : (byte >> 4) * 10 + (byte & 15)
}

function encode(value: number, binary: boolean): number {
  return binary ? value : (Math.floor(value / 10) << 4) | (value % 10)
}

function decodeHours(byte: number, format: TimeFormat): number {
  if (format.hours24) return decode(byte, format.binary)
  return (decode(byte & 0x7f, format.binary) % 12) + (byte & PM ? 12 : 0)
}

function encodeHours(hours: number, format: TimeFormat): number {
  if (format.hours24) return encode(hours, format.binary)
  return encode(hours % 12 || 12, format.binary) | (hours >= 12 ? PM : 0)
}

function secondOfDay(ram: Uint8Array, format: TimeFormat): number {
  const minutes = decodeHours(ram[TIME.HOURS], format) * 60 + decode(ram[TIME.MINUTES], format.binary)
  return minutes * 60 + decode(ram[TIME.SECONDS], format.binary)
}

function writeSecondOfDay(ram: Uint8Array, second: number, format: TimeFormat): void {
  ram[TIME.SECONDS] = encode(second % 60, format.binary)
  ram[TIME.MINUTES] = encode(Math.floor(second / 60) % 60, format.binary)
  ram[TIME.HOURS] = encodeHours(Math.floor(second / 3600), format)
}

function readYear(ram: Uint8Array, format: TimeFormat): number {
  return decode(ram[TIME.CENTURY], format.binary) * 100 + decode(ram[TIME.YEAR], format.binary)
}

function writeDate(ram: Uint8Array, dayNumber: number, format: TimeFormat): void {
  const date = new Date(dayNumber * DAY_SECONDS * 1000)
  const year = date.getUTCFullYear()
  ram[TIME.DAY] = encode(date.getUTCDate(), format.binary)
  ram[TIME.MONTH] = encode(date.getUTCMonth() + 1, format.binary)
  ram[TIME.YEAR] = encode(year % 100, format.binary)
  ram[TIME.CENTURY] = encode(Math.floor(year / 100) % 100, format.binary)
}

/** Sets the calendar to `ms`, milliseconds since 1970-01-01T00:00 in the guest's own zone. */
export function writeCalendar(ram: Uint8Array, ms: number, format: TimeFormat): void {
  const seconds = Math.floor(ms / 1000)
  const day = Math.floor(seconds / DAY_SECONDS)
  writeSecondOfDay(ram, seconds - day * DAY_SECONDS, format)
  writeDate(ram, day, format)
  ram[TIME.WEEKDAY] = ((((day + 4) % 7) + 7) % 7) + 1 // 1970-01-01 was a Thursday; 1 is Sunday
}

/** What the calendar shows, as milliseconds since 1970-01-01T00:00 in the guest's own zone. */
export function readCalendar(ram: Uint8Array, format: TimeFormat): number {
  return (readDayNumber(ram, format) * DAY_SECONDS + secondOfDay(ram, format)) * 1000
}

function readDayNumber(ram: Uint8Array, format: TimeFormat): number {
  const month = Math.min(Math.max(decode(ram[TIME.MONTH], format.binary), 1), 12)
  return firstOfMonth(readYear(ram, format), month) + decode(ram[TIME.DAY], format.binary) - 1
}

/** Lets `seconds` (at least 1) pass. Returns whether the alarm time was met on the way. */
export function advanceCalendar(ram: Uint8Array, seconds: number, format: TimeFormat): boolean {
  const before = secondOfDay(ram, format)
  const total = before + seconds
  const days = Math.floor(total / DAY_SECONDS)
  writeSecondOfDay(ram, total - days * DAY_SECONDS, format)
  if (days > 0) {
    const weekday = (((ram[TIME.WEEKDAY] & 7) + 6) % 7) + days
    ram[TIME.WEEKDAY] = (weekday % 7) + 1
    writeDate(ram, readDayNumber(ram, format) + days, format)
  }
  return meetsAlarm(ram, before, seconds, format)
}

/** Whether the alarm bytes match a time of day within the `seconds` after `before`. */
function meetsAlarm(ram: Uint8Array, before: number, seconds: number, format: TimeFormat): boolean {
  const wanted = (byte: number, read: (byte: number) => number) => ((byte & DONT_CARE) === DONT_CARE ? -1 : read(byte))
  const plain = (byte: number) => decode(byte, format.binary)
  const hour = wanted(ram[TIME.HOURS_ALARM], (byte) => decodeHours(byte, format))
  const minute = wanted(ram[TIME.MINUTES_ALARM], plain)
  const second = wanted(ram[TIME.SECONDS_ALARM], plain)
  // An alarm comes every day at the latest, so a longer absence needs no longer search.
  for (let i = 1; i <= Math.min(seconds, DAY_SECONDS); i++) {
    const now = (before + i) % DAY_SECONDS
    if (second >= 0 && now % 60 !== second) continue
    if (minute >= 0 && Math.floor(now / 60) % 60 !== minute) continue
    if (hour < 0 || Math.floor(now / 3600) === hour) return true
  }
  return false
}
