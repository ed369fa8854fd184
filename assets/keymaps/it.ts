/** Italy. */
import { keymap } from './keymap.ts'

export const it = keymap([
  '\\| 1! 2" 3£ 4$ 5% 6& 7/ 8( 9) 0= \'? ì^',
  'q w eE€ r t y u i o p èé[{ +*]}',
  'a s d f g h j k l òç@ à°# ù§',
  '<> z x c v b n m ,; .: -_',
])
