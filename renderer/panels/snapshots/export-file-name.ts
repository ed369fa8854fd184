/** Where an export goes unless somebody says otherwise: beside the library's folder, by the machine's name. */
export function exportFileName(libraryFolder: string, machineName: string): string {
  const separator = libraryFolder.includes('\\') ? '\\' : '/'
  const parent = libraryFolder.slice(0, Math.max(0, libraryFolder.replace(/[\\/]+$/, '').lastIndexOf(separator)))
  return `${parent}${separator}${machineName.replaceAll(/[\\/:*?"<>|]/g, '_')}.vitrine`
}
