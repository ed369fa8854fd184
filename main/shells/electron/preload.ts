/**
 * The bridge between the sandboxed page and the main process: it hands the page its connection and the few abilities of a
 * desktop app, and nothing else (core/contract/shell-bridge.ts).
 */
import { contextBridge, ipcRenderer, webUtils } from 'electron'
import { PORT_MESSAGE, type ShellBridge } from '../../../core/contract/shell-bridge.ts'
import { CHANNELS } from './channels.ts'

/** The page's window, as much of it as is needed here: this folder is compiled without DOM. */
declare const window: { postMessage(message: string, targetOrigin: string, transfer: readonly unknown[]): void }

ipcRenderer.on(CHANNELS.port, (event) => window.postMessage(PORT_MESSAGE, '*', event.ports))

const bridge: ShellBridge = {
  connect: () => ipcRenderer.send(CHANNELS.connect),
  pathOfFile: (file) => webUtils.getPathForFile(file as Parameters<typeof webUtils.getPathForFile>[0]),
  chooseImages: () => ipcRenderer.invoke(CHANNELS.chooseImages),
  openWindow: (machineId) => ipcRenderer.send(CHANNELS.openWindow, machineId),
  onCloseAsked: (listener) => void ipcRenderer.on(CHANNELS.closeAsked, () => listener()),
  closeWindow: () => ipcRenderer.send(CHANNELS.closeWindow),
  chooseSaveFile: (suggestion) => ipcRenderer.invoke(CHANNELS.chooseSaveFile, suggestion),
}
contextBridge.exposeInMainWorld('vitrine', bridge)
