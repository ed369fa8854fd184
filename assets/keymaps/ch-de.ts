/** Switzerland, German. Capital umlauts come from the dead key. */
import { keymap } from './keymap.ts'

export const chDe = keymap([
  '§° 1+¦ 2"@ 3*# 4ç° 5%§ 6&¬ 7/| 8(¢ 9) 0= \'?◌́ ◌̂◌̀◌̃',
  'q w eE€ r t z u i o p üè[ ◌̈!]',
  'a s d f g h j k l öé äà{ $£}',
  '<>\\ y x c v b n m ,; .: -_',
])
