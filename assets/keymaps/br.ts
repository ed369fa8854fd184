/** Brazil (ABNT2). */
import { keymap } from './keymap.ts'

export const br = keymap([
  '\'" 1!¹ 2@² 3#³ 4$£ 5%¢ 6◌̈¬ 7& 8* 9( 0) -_ =+§',
  'qQ/ wW? eE° r t y u i o p ◌́◌̀ [{ª',
  'a s d f g h j k l ç ◌̃◌̂ ]}º',
  '\\| z x c v b n m ,< .> ;: /?°',
])
