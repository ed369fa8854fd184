/** Portugal. */
import { keymap } from './keymap.ts'

export const pt = keymap([
  '\\| 1! 2"@ 3#£ 4$§ 5% 6& 7/{ 8([ 9)] 0=} \'? «»',
  'q w eE€ r t y u i o p +*◌̈ ◌́◌̀',
  'a s d f g h j k l ç ºª ◌̃◌̂',
  '<> z x c v b n m ,; .: -_',
])
