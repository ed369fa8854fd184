/** Germany and Austria. */
import { keymap } from './keymap.ts'

export const de = keymap([
  '◌̂° 1! 2"² 3§³ 4$ 5% 6& 7/{ 8([ 9)] 0=} ß?\\ ◌́◌̀',
  'qQ@ w eE€ r t z u i o p ü +*~',
  "a s d f g h j k l ö ä #'",
  '<>| y x c v b n mMµ ,; .: -_',
])
