/** The check that every block device makes of its callers. */

/** Throws RangeError when `count` sectors from `lba` are not all on a medium of `sectors`: a drive should have refused them. */
export function checkSectors(sectors: number, lba: number, count: number): void {
  if (lba < 0 || count < 0 || lba + count > sectors)
    throw new RangeError(`Sectors ${lba} to ${lba + count - 1} are not on a medium of ${sectors}`)
}
