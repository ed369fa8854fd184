/** The log of a machine. */
export const log = {
  title: 'Log',
  filter: 'Search in the log',
  levels: 'Levels',
  levelNames: { debug: 'Details', info: 'News', warn: 'Warnings', error: 'Errors' },
  follow: 'Follow',
  empty: 'This machine has logged nothing yet.',
  nothingFound: 'No line matches.',
  copy: 'Copy',
} as const
