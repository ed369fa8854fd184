/** Spain. */
import { keymap } from './keymap.ts'

export const es = keymap([
  'ºª\\ 1!| 2"@ 3·# 4$◌̃ 5% 6&¬ 7/ 8( 9) 0= \'? ¡¿',
  'q w eE€ r t y u i o p ◌̀◌̂[ +*]',
  'a s d f g h j k l ñ ◌́◌̈{ çÇ}',
  '<> z x c v b n m ,; .: -_',
])
