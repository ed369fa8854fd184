/** Poland, the layout of programmers. */
import { keymap } from './keymap.ts'

export const pl = keymap([
  '`~ 1! 2@ 3# 4$ 5% 6^ 7& 8* 9( 0) -_ =+',
  'q w eEęĘ r t y uU€ i oOóÓ p [{ ]}',
  'aAąĄ sSśŚ d f g h j k lLłŁ ;: \'" \\|',
  '\\| zZżŻ xXźŹ cCćĆ v b nNńŃ m ,< .> /?',
])
