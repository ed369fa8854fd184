/**
 * Code page 437, the character set of the PC's text screen, as Unicode. Codes 0 to 31 and 127 are the pictures that the screen
 * shows for them, not control characters.
 *
 * Source: the Unicode Consortium's CP437.TXT and the "IBM graphics" mapping IBMGRAPH.TXT.
 */
const PICTURES = ' ☺☻♥♦♣♠•◘○◙♂♀♪♫☼►◄↕‼¶§▬↨↑↓→←∟↔▲▼'
const ASCII = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).join('')
const HIGH =
  'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■ '

/** The 256 characters, by code. Codes 0 and 255 are blanks. */
export const CODE_PAGE_437: readonly string[] = Array.from(`${PICTURES}${ASCII}⌂${HIGH}`)
