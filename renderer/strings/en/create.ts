/** Choosing images. */
export const create = {
  floppy: 'Floppy image',
  cdrom: 'CD image',
  choose: 'Choose …',
  dropOrChoose: 'Drop a file or choose one',
  path: 'Path of an image on this computer',
} as const
