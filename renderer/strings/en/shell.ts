/** The frame around all panels. */
export const shell = {
  connecting: 'Connecting to Vitrine',
  ended: 'The connection has ended',
  endedWhy: 'Vitrine was closed, or this computer slept. Machines that run go on as long as Vitrine does.',
  reconnect: 'Connect again',
  mainNavigation: 'Open machines',
  panelsOf: (name: string) => `Panels of ${name}`,
  closeTab: (name: string) => `Close the tab of ${name}`,
  theme: 'Theme',
  themes: { system: 'As the system', light: 'Light', dark: 'Dark' },
  noWindow: 'The browser did not allow another window',
  skip: 'Skip to the content',
  notices: 'Messages',
  dismiss: 'Dismiss',
  showLog: 'Show log',
} as const
