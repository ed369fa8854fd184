/** United Kingdom. */
import { keymap } from './keymap.ts'

export const uk = keymap([
  '`¬¦ 1! 2" 3£ 4$€ 5% 6^ 7& 8* 9( 0) -_ =+',
  'q w eEéÉ r t y uUúÚ iIíÍ oOóÓ p [{ ]}',
  "aAáÁ s d f g h j k l ;: '@ #~",
  '\\| z x c v b n m ,< .> /?',
])
