/** Files that are dropped or chosen, and what becomes of them. */
export const imports = {
  title: 'Adding',
  uploading: (done: string, total: string) => `${done} of ${total}`,
  making: 'Making the machine …',
  empty: 'The file is empty',
  emptyWhy: 'There is nothing in it to start from.',
  directory: 'This is a folder',
  directoryWhy: 'Drop a disk image: a file such as .img, .ima, .iso or .bin.',
  cancelled: 'Cancelled',
} as const
