/** Russia, while the guest is switched to Cyrillic. */
import { keymap } from './keymap.ts'

export const ru = keymap([
  'ё 1! 2" 3№ 4; 5% 6: 7? 8* 9( 0) -_ =+',
  'й ц у к е н г ш щ з х ъ',
  'ф ы в а п р о л д ж э \\/',
  '\\| я ч с м и т ь б ю .,',
])
