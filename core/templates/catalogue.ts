/** All templates, in the order in which they are shown: by kind, then by age. */
import type { Template } from '../contract/template.ts'
import { beos } from './beos.ts'
import { freebsd } from './freebsd.ts'
import { freedos } from './freedos.ts'
import { haiku } from './haiku.ts'
import { kolibrios } from './kolibrios.ts'
import { linux } from './linux.ts'
import { linux1 } from './linux-1.ts'
import { linux24 } from './linux-2-4.ts'
import { linux26 } from './linux-2-6.ts'
import { menuetos } from './menuetos.ts'
import { minix } from './minix.ts'
import { msDos } from './ms-dos.ts'
import { netbsd } from './netbsd.ts'
import { netware } from './netware.ts'
import { openbsd } from './openbsd.ts'
import { os2 } from './os2.ts'
import { other } from './other.ts'
import { plan9 } from './plan9.ts'
import { qnx } from './qnx.ts'
import { reactos } from './reactos.ts'
import { windows1 } from './windows-1.ts'
import { windows3 } from './windows-3.ts'
import { windows95 } from './windows-95.ts'
import { windows98 } from './windows-98.ts'
import { windows2000 } from './windows-2000.ts'
import { windowsMe } from './windows-me.ts'
import { windowsNt3 } from './windows-nt-3.ts'
import { windowsNt4 } from './windows-nt-4.ts'
import { windowsXp } from './windows-xp.ts'
import { xenix } from './xenix.ts'

export const TEMPLATES: readonly Template[] = [
  msDos,
  freedos,
  windows1,
  windows3,
  windows95,
  windows98,
  windowsMe,
  windowsNt3,
  windowsNt4,
  windows2000,
  windowsXp,
  os2,
  netware,
  beos,
  haiku,
  minix,
  plan9,
  qnx,
  openbsd,
  netbsd,
  freebsd,
  linux1,
  linux24,
  linux26,
  linux,
  reactos,
  kolibrios,
  menuetos,
  xenix,
  other,
]

/** The template called `id`, or undefined. */
export function findTemplate(id: string): Template | undefined {
  return TEMPLATES.find((template) => template.id === id)
}
