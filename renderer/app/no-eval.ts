/**
 * Imported before everything else: the schema library would otherwise try whether it may compile code, which the page's
 * content security policy forbids and browsers report as a violation.
 */
const settings = globalThis as { __zod_globalConfig?: { jitless: boolean } }
settings.__zod_globalConfig = { jitless: true }
