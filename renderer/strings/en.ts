/** Every text of the page, in English: a file for each panel in `en/`. A translation is another object of the same type. */
import { activity } from './en/activity.ts'
import { console } from './en/console.ts'
import { create } from './en/create.ts'
import { errors } from './en/errors.ts'
import { imports } from './en/imports.ts'
import { keyboard } from './en/keyboard.ts'
import { library } from './en/library.ts'
import { log } from './en/log.ts'
import { profiler } from './en/profiler.ts'
import { serial } from './en/serial.ts'
import { settings } from './en/settings.ts'
import { shared } from './en/shared.ts'
import { shell } from './en/shell.ts'
import { snapshots } from './en/snapshots.ts'
import { templates } from './en/templates.ts'

export const strings = {
  ...shared,
  activity,
  console,
  create,
  errors,
  imports,
  keyboard,
  library,
  log,
  profiler,
  serial,
  settings,
  shell,
  snapshots,
  templates,
} as const
