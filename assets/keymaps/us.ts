/** United States. */
import { keymap } from './keymap.ts'

export const us = keymap([
  '`~ 1! 2@ 3# 4$ 5% 6^ 7& 8* 9( 0) -_ =+',
  'q w e r t y u i o p [{ ]}',
  'a s d f g h j k l ;: \'" \\|',
  '\\| z x c v b n m ,< .> /?',
])
