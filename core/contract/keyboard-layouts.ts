/** Keyboard layouts of guests, by the names that the command line takes. What their keys type stands in assets/keymaps. */
import { z } from '../base/schema.ts'

export const KEYBOARD_LAYOUTS = [
  ...['us', 'us-intl', 'uk', 'de', 'ch-de', 'ch-fr', 'fr', 'be', 'es', 'it', 'pt', 'br', 'sv', 'fi', 'no', 'da'],
  ...['pl', 'ru', 'jp'],
] as const
export const keyboardLayoutSchema = z.enum(KEYBOARD_LAYOUTS)
export type KeyboardLayout = z.infer<typeof keyboardLayoutSchema>
