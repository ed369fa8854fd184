/** The catalogue of templates behind the contract. */
import type { Service } from '../../core/contract/api.ts'
import { TEMPLATES } from '../../core/templates/catalogue.ts'
import type { CallContext } from '../ipc/call-context.ts'

export function createTemplateService(): Service<'template', CallContext> {
  return { list: () => [...TEMPLATES] }
}
