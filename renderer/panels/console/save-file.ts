/** Files that the page gives to the user. */

/** Hands `url` to the browser's downloads. */
function download(url: string, fileName: string): void {
  const link = document.createElement('a')
  link.href = url
  link.download = fileName
  link.click()
}

/** "Windows 98 2026-10-01 12.30.05.png": sorts by time, and is a name on every system. */
export function captureName(machineName: string, now: Date, extension: string): string {
  const two = (value: number) => String(value).padStart(2, '0')
  const date = [now.getFullYear(), two(now.getMonth() + 1), two(now.getDate())].join('-')
  const time = [two(now.getHours()), two(now.getMinutes()), two(now.getSeconds())].join('.')
  return `${machineName.replaceAll(/[\\/:*?"<>|]/g, '_')} ${date} ${time}.${extension}`
}

export function savePng(pngBase64: string, machineName: string): void {
  download(`data:image/png;base64,${pngBase64}`, captureName(machineName, new Date(), 'png'))
}

/** The browser keeps the file in memory until it has written it. */
const KEEP_MS = 60_000

export function saveBlob(blob: Blob, machineName: string, extension: string): void {
  const url = URL.createObjectURL(blob)
  download(url, captureName(machineName, new Date(), extension))
  setTimeout(() => URL.revokeObjectURL(url), KEEP_MS)
}
