/** Serial terminals. */
export const serial = {
  title: 'Serial terminal, COM1',
  search: 'Search in the terminal',
  next: 'Next match',
  previous: 'Previous match',
  copy: 'Copy',
  clear: 'Clear',
  noMatch: 'No match',
  off: 'The machine is off: nothing is sent.',
} as const
