/** The log of a machine. */
export const log = {
  title: 'Log',
  filter: 'Filter lines',
  refresh: 'Read again',
  empty: 'This machine has logged nothing yet.',
  nothingFound: 'No line matches.',
  copy: 'Copy',
} as const
