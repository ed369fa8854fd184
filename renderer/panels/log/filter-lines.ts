/** Lines that contain every word of `filter`, in any case and order. */
export function filterLines(lines: readonly string[], filter: string): readonly string[] {
  const words = filter.toLocaleLowerCase().split(/\s+/)
  return lines.filter((line) => words.every((word) => line.toLocaleLowerCase().includes(word)))
}
