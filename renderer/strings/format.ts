/** Numbers as people read them. */
import { strings } from './en.ts'

const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'] as const

/** "1.4 MiB": powers of two, three significant digits at most. */
export function formatBytes(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024
    unit++
  }
  const digits = unit === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2
  return `${Number(value.toFixed(digits))} ${UNITS[unit]}`
}

/** "64 MiB" and "1.5 GiB" of guest memory. */
export function formatMemory(memoryMib: number): string {
  return formatBytes(memoryMib * 2 ** 20)
}

/** "112 MIPS", "0.4 MIPS". */
export function formatMips(mips: number): string {
  return strings.units.mips(mips >= 10 ? Math.round(mips) : Number(mips.toFixed(1)))
}

/** "950", "12.3 k", "4.56 M": three significant digits at most. */
export function formatCount(count: number): string {
  const steps = ['', ' k', ' M', ' G', ' T']
  let value = count
  let step = 0
  while (value >= 999.5 && step < steps.length - 1) {
    value /= 1000
    step++
  }
  const digits = step === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2
  return `${Number(value.toFixed(digits))}${steps[step]}`
}

export function formatPercent(part: number): string {
  return `${Math.round(Math.min(1, Math.max(0, part)) * 100)} %`
}

/** "0:05", "12:34", "1:02:03". */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds))
  const hours = Math.floor(whole / 3600)
  const minutes = Math.floor(whole / 60) % 60
  const two = (value: number) => String(value).padStart(2, '0')
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`
}

const dateAndTime = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' })
const ago = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })
const AGES = [
  ['year', 31_556_952],
  ['month', 2_629_746],
  ['week', 604_800],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
] as const

/** "21 Nov 2026, 10:15", in this computer's time. */
export function formatMoment(iso: string): string {
  return dateAndTime.format(new Date(iso))
}

/** "3 hours ago", "yesterday", "just now". `nowMs` as of `Date.now()`. */
export function formatAge(iso: string, nowMs: number): string {
  const seconds = (nowMs - Date.parse(iso)) / 1000
  for (const [unit, length] of AGES) if (seconds >= length) return ago.format(-Math.floor(seconds / length), unit)
  return strings.units.justNow
}

/** "10:15", or "10:15:30", in this computer's time. */
export function formatTime(time: Date, withSeconds: boolean): string {
  const two = (value: number) => String(value).padStart(2, '0')
  const minutes = `${two(time.getHours())}:${two(time.getMinutes())}`
  return withSeconds ? `${minutes}:${two(time.getSeconds())}` : minutes
}
