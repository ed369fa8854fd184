/** Switzerland, French. */
import { keymap } from './keymap.ts'

export const chFr = keymap([
  '§° 1+¦ 2"@ 3*# 4ç° 5%§ 6&¬ 7/| 8(¢ 9) 0= \'?◌́ ◌̂◌̀◌̃',
  'q w eE€ r t z u i o p èü[ ◌̈!]',
  'a s d f g h j k l éö àä{ $£}',
  '<>\\ y x c v b n m ,; .: -_',
])
