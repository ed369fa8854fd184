/** The keyboard layouts that guests may have. Adding one: its file, one line here, its id in core/contract/keyboard-layouts.ts. */
import type { KeyboardLayout } from '../../core/contract/keyboard-layouts.ts'
import { be } from './be.ts'
import { br } from './br.ts'
import { chDe } from './ch-de.ts'
import { chFr } from './ch-fr.ts'
import { da } from './da.ts'
import { de } from './de.ts'
import { es } from './es.ts'
import { fi } from './fi.ts'
import { fr } from './fr.ts'
import { it } from './it.ts'
import { jp } from './jp.ts'
import type { Keymap } from './keymap.ts'
import { no } from './no.ts'
import { pl } from './pl.ts'
import { pt } from './pt.ts'
import { ru } from './ru.ts'
import { sv } from './sv.ts'
import { uk } from './uk.ts'
import { us } from './us.ts'
import { usIntl } from './us-intl.ts'

export const keymaps: Readonly<Record<KeyboardLayout, Keymap>> = {
  us,
  'us-intl': usIntl,
  uk,
  de,
  'ch-de': chDe,
  'ch-fr': chFr,
  fr,
  be,
  es,
  it,
  pt,
  br,
  sv,
  fi,
  no,
  da,
  pl,
  ru,
  jp,
}
