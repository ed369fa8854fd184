/** Serial terminals. */
export const serial = {
  title: 'Serial terminals',
  terminalOf: (port: number) => `Terminal on COM${port}`,
  port: (port: number) => `COM${port}`,
  none: 'This machine has no serial port',
  search: 'Search in the terminal',
  next: 'Next match',
  previous: 'Previous match',
  copy: 'Copy',
  clear: 'Clear',
  save: 'Save what was received',
  noMatch: 'No match',
  off: 'The machine is off: nothing is sent.',
  toFile: (file: string) => `also appended to ${file}`,
  listens: (where: string) => `also for who connects to ${where}`,
  connects: (where: string) => `also connected to ${where}`,
} as const
