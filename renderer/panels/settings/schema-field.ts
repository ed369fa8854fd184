/** What a form needs to know of a setting, read from the schema of the contract: kind, limits, choices. */
import { machineSettingsSchema } from '../../../core/contract/machine-spec.ts'

export type FieldShape =
  | { readonly kind: 'boolean' }
  | { readonly kind: 'text'; readonly maxLength: number }
  | {
      readonly kind: 'number'
      readonly min: number
      readonly max: number
      readonly integer: boolean
      readonly nullable: boolean
    }
  | { readonly kind: 'choice'; readonly options: readonly (string | number)[] }

/** The part of JSON Schema that is read. */
interface JsonSchema {
  readonly type?: string
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly anyOf?: readonly JsonSchema[]
  readonly enum?: readonly (string | number)[]
  readonly minimum?: number
  readonly exclusiveMinimum?: number
  readonly maximum?: number
  readonly maxLength?: number
}

const whole = machineSettingsSchema.toJSONSchema({ io: 'input' }) as JsonSchema

function shapeOf(schema: JsonSchema, nullable = false): FieldShape | undefined {
  const something = schema.anyOf?.find(({ type }) => type !== 'null')
  if (something) return shapeOf(something, true)
  if (schema.enum) return { kind: 'choice', options: schema.enum }
  switch (schema.type) {
    case 'boolean':
      return { kind: 'boolean' }
    case 'string':
      return { kind: 'text', maxLength: schema.maxLength ?? 1000 }
    case 'integer':
    case 'number':
      return {
        kind: 'number',
        min: schema.minimum ?? schema.exclusiveMinimum ?? 0,
        max: schema.maximum ?? Number.MAX_SAFE_INTEGER,
        integer: schema.type === 'integer',
        nullable,
      }
    default:
      return undefined
  }
}

/** Every setting by its path; objects are gone into, lists and choices between shapes are one setting. */
export function settingPaths(schema: JsonSchema = whole, path = ''): readonly string[] {
  if (!schema.properties) return [path]
  return Object.entries(schema.properties).flatMap(([key, inner]) =>
    settingPaths(inner, path === '' ? key : `${path}.${key}`),
  )
}

/** The shape of the setting at `path` ("cpu.profile"). Throws for a path that the schema does not have. */
export function fieldShape(path: string): FieldShape {
  let schema: JsonSchema | undefined = whole
  for (const key of path.split('.')) schema = schema?.properties?.[key]
  const shape = schema && shapeOf(schema)
  if (!shape) throw new Error(`The schema has no field at ${path}`)
  return shape
}
