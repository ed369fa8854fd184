/** All methods of the contract. Adding one touches its area's file and its service; everything else derives from here. */
import type { z } from '../base/schema.ts'
import { appApi } from './app-api.ts'
import { consoleApi } from './console-api.ts'
import { diskApi } from './disk-api.ts'
import { downloadApi } from './download-api.ts'
import { importApi } from './import-api.ts'
import { libraryApi } from './library-api.ts'
import { machineApi } from './machine-api.ts'
import { mediaApi } from './media-api.ts'
import { mediumApi } from './medium-api.ts'
import type { Method } from './method.ts'
import { snapshotApi } from './snapshot-api.ts'
import { statsApi } from './stats-api.ts'
import { templateApi } from './template-api.ts'
import { uploadApi } from './upload-api.ts'

export const api = {
  app: appApi,
  library: libraryApi,
  machine: machineApi,
  console: consoleApi,
  media: mediaApi,
  download: downloadApi,
  import: importApi,
  medium: mediumApi,
  snapshot: snapshotApi,
  stats: statsApi,
  template: templateApi,
  disk: diskApi,
  upload: uploadApi,
} as const

export type Api = typeof api
export type AreaName = keyof Api

type ParamsIn<M> = M extends Method<infer P, z.ZodType> ? z.input<P> : never
type ParamsOut<M> = M extends Method<infer P, z.ZodType> ? z.output<P> : never
type Result<M> = M extends Method<z.ZodType, infer R> ? z.output<R> : never

/** Result of a method by area and name: `ResultOf<'library', 'list'>`. */
export type ResultOf<A extends AreaName, M extends keyof Api[A]> = Result<Api[A][M]>

/** What a host implements for an area; `Context` says who calls. */
export type Service<A extends AreaName, Context> = {
  readonly [M in keyof Api[A]]: (
    params: ParamsOut<Api[A][M]>,
    context: Context,
  ) => Result<Api[A][M]> | Promise<Result<Api[A][M]>>
}

/** What a caller has: `client.library.list({})`. */
export type ClientApi = {
  readonly [A in AreaName]: {
    readonly [M in keyof Api[A]]: (params: ParamsIn<Api[A][M]>) => Promise<Result<Api[A][M]>>
  }
}

/** The method called `name` ("library.list"), or undefined. */
export function findMethod(name: string): Method<z.ZodType, z.ZodType> | undefined {
  const [area, methodName, ...rest] = name.split('.')
  if (area === undefined || methodName === undefined || rest.length > 0 || !Object.hasOwn(api, area)) return undefined
  const methods: Readonly<Record<string, Method<z.ZodType, z.ZodType>>> = api[area as AreaName]
  return Object.hasOwn(methods, methodName) ? methods[methodName] : undefined
}
