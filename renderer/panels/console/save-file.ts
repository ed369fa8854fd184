/** Files that the page gives to the user. */
import type { ConsoleModel } from './console-model.svelte.ts'

function download(url: string, fileName: string): void {
  const link = document.createElement('a')
  link.href = url
  link.download = fileName
  link.click()
}

/** "Windows 98 2026-10-01 12.30.05.png": sorts by time, and is a name on every system. */
export function screenshotName(machineName: string, now: Date): string {
  const two = (value: number) => String(value).padStart(2, '0')
  const date = [now.getFullYear(), two(now.getMonth() + 1), two(now.getDate())].join('-')
  const time = [two(now.getHours()), two(now.getMinutes()), two(now.getSeconds())].join('.')
  return `${machineName.replaceAll(/[\\/:*?"<>|]/g, '_')} ${date} ${time}.png`
}

export async function saveScreenshot(model: ConsoleModel, machineName: string): Promise<void> {
  const pngBase64 = await model.screenshot()
  if (pngBase64 !== undefined) download(`data:image/png;base64,${pngBase64}`, screenshotName(machineName, new Date()))
}
