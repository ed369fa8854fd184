/** Sweden. */
import { keymap } from './keymap.ts'

export const sv = keymap([
  '§½ 1! 2"@ 3#£ 4¤$ 5% 6& 7/{ 8([ 9)] 0=} +?\\ ◌́◌̀',
  'q w eE€ r t y u i o p å ◌̈◌̂◌̃',
  "a s d f g h j k l ö ä '*",
  '<>| z x c v b n mMµ ,; .: -_',
])
