/** Templates: machines for known operating systems. `library.createFromTemplate` makes one. */
import { z } from '../base/schema.ts'
import { method } from './method.ts'
import { templateSchema } from './template.ts'

export const templateApi = {
  /** All templates, in the order in which they are shown. */
  list: method(z.strictObject({}), z.array(templateSchema)),
} as const
