/** France, as Windows has it: ~ and ` are dead keys. */
import { keymap } from './keymap.ts'

export const fr = keymap([
  '² &1 é2◌̃ "3# \'4{ (5[ -6| è7◌̀ _8\\ ç9^ à0@ )°] =+}',
  'a z eE€ r t y u i o p ◌̂◌̈ $£¤',
  'q s d f g h j k l m ù% *µ',
  '<> w x c v b n ,? ;. :/ !§',
])
