/** Addresses within the page. What follows the # never leaves the browser. */

/** Where the page shows the console of machine `id`. */
export function consoleUrl(pageUrl: string, id: string): string {
  return `${pageUrl}#/console/${id}`
}
