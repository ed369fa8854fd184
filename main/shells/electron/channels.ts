/** Channels between preload and main process. Everything else goes over the contract's port. */
export const CHANNELS = {
  connect: 'vitrine:connect',
  port: 'vitrine:port',
  openWindow: 'vitrine:open-window',
  closeAsked: 'vitrine:close-asked',
  closeWindow: 'vitrine:close-window',
  chooseImages: 'vitrine:choose-images',
  chooseSaveFile: 'vitrine:choose-save-file',
} as const
