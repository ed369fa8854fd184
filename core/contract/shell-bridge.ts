/**
 * What the Electron shell offers its page as `window.vitrine`, beyond the contract. In the browser shell there is none: the
 * page connects a WebSocket to CONTRACT_PATH of its own address, and uploads files.
 */
export interface ShellBridge {
  /** Asks for a connection: it arrives as the first port of a window message whose data is PORT_MESSAGE. */
  connect(): void
  /** Absolute path of a file that was dropped or chosen (a DOM File); "" for one that is not on disk. */
  pathOfFile(file: unknown): string
  /** Shows the dialog for disk images; resolves with absolute paths, none when it was dismissed. */
  chooseImages(): Promise<string[]>
  /** Shows the dialog for a file to write, with a suggestion; resolves with its absolute path, "" when it was dismissed. */
  chooseSaveFile(suggestion: string): Promise<string>
  /** Opens the console of a machine in a window of its own, or brings that window to the front. */
  openWindow(machineId: string): void
  /** Calls `listener` when the user wants to close the window of one machine, which stays open until `closeWindow`. */
  onCloseAsked(listener: () => void): void
  closeWindow(): void
}

/** Data of the window message that brings the port. */
export const PORT_MESSAGE = 'vitrine-port'

/** Where the browser shell takes WebSockets. */
export const CONTRACT_PATH = '/contract'
