/** United States, international, with dead keys as Windows has them. */
import { keymap } from './keymap.ts'

export const usIntl = keymap(
  [
    '◌̀◌̃ 1!¡¹ 2@² 3#³ 4$¤£ 5%€ 6◌̂¼ 7&½ 8*¾ 9(‘ 0)’ -_¥ =+×÷',
    'qQäÄ wWåÅ eEéÉ rR® tTþÞ yYüÜ uUúÚ iIíÍ oOóÓ pPöÖ [{« ]}»',
    'aAáÁ sSß§ dDðÐ f g h j k lLøØ ;:¶° ◌́◌̈´¨ \\|¬¦',
    '\\| zZæÆ x cC©¢ v b nNñÑ mMµ ,<çÇ .> /?¿',
  ],
  { "'": '\u0301', '"': '\u0308' },
)
