/**
 * The menu bar. Few shortcuts outside macOS: nearly every one would be a key that some guest wants.
 */
import { Menu, type MenuItemConstructorOptions } from 'electron'

const mac = process.platform === 'darwin'

export interface MenuActions {
  addImages(): void
  quit(): void
}

export function setMenu(actions: MenuActions): void {
  const template: MenuItemConstructorOptions[] = [
    ...(mac ? [{ role: 'appMenu' as const }] : []),
    {
      label: '&File',
      submenu: [
        { label: 'Add &Machine from Disk Image…', click: actions.addImages },
        ...(mac ? [] : [{ type: 'separator' as const }, { label: '&Quit', click: actions.quit }]),
      ],
    },
    ...(mac ? [{ role: 'editMenu' as const }] : []),
    { label: '&View', submenu: [{ role: 'togglefullscreen' }, { role: 'toggleDevTools', accelerator: '' }] },
    ...(mac ? [{ role: 'windowMenu' as const }] : []),
  ]
  Menu.setApplicationMenu(Menu.buildFromTemplate(template))
}
