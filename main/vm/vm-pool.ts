/**
 * The threads: a pool for running machines, one endless task each, and a pool for finite work on images. A thread is created
 * when it is needed and ends with its machine, so that nothing of one guest outlives it.
 */
import { getCompileCacheDir } from 'node:module'
import { basename, dirname } from 'node:path'
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { Piscina } from 'piscina'
import {
  DISK_TASK_CONTROL_BYTES,
  type DiskTask,
  type DiskTaskOf,
  type DiskTaskResults,
} from '../../core/contract/disk-task.ts'
import { fromErrorRecord } from '../../core/contract/error-record.ts'
import type { ImportTasks } from '../../core/contract/import-tasks.ts'
import type { SnapshotTasks } from '../../core/contract/snapshot-tasks.ts'
import type { MediaTaskResult, MediumInfo, VmThreadTask } from '../../core/contract/vm-thread.ts'

/** The entry of a VM thread: exports `runVm`. */
const vmThreadUrl = new URL('../../worker/vm-thread.ts', import.meta.url)
/** The entry of the thread that compiles for all machines: exports `serveCompiler`. */
const compilerThreadUrl = new URL('../../worker/compiler-thread.ts', import.meta.url)
const snapshotTaskUrl = new URL('../../worker/snapshot-task.ts', import.meta.url)
const mediaTaskUrl = new URL('../../worker/media-task.ts', import.meta.url)
const importTaskUrl = new URL('../../worker/import-task.ts', import.meta.url)
const diskTaskUrl = new URL('../../worker/disk-task.ts', import.meta.url)

/** What machines' threads make dies at once, and what the compiling thread makes: more room for it is only more memory (100 MiB of it by default). */
const YOUNG_GENERATION_MIB = 8
/** More machines than any desktop runs; a start beyond it would wait without saying why. */
const MAX_MACHINES = 256
const MEDIA_THREADS = 2
const DISK_THREADS = 2
const SNAPSHOT_THREADS = 2
/** How long a thread of a pool waits for more to do: starting one takes longer than most tasks. */
const IDLE_MS = 5000
const IMPORT_THREADS = 2
const PROGRESS_INTERVAL_MS = 200

/** Who watches a task on an image, and may end it. */
export interface DiskTaskWatch {
  readonly onProgress?: ((doneBytes: number, totalBytes: number) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

export class ThreadPools {
  readonly #vmThreadUrl: URL
  #machines: Piscina | undefined
  #compiler: Piscina | undefined
  #media: Piscina | undefined
  #disks: Piscina | undefined
  #snapshots: Piscina | undefined
  #imports: Piscina | undefined

  /** Tests run machines of their own kind. */
  constructor(vmThread: URL = vmThreadUrl) {
    this.#vmThreadUrl = vmThread
  }

  /** Runs a machine until its end. `signal` kills its thread. Rejects when the thread crashes. */
  async runMachine(task: Omit<VmThreadTask<MessagePort>, 'compilerPort'>, signal: AbortSignal): Promise<void> {
    this.#machines ??= new Piscina({
      filename: this.#vmThreadUrl.href,
      name: 'runVm',
      minThreads: 0,
      maxThreads: MAX_MACHINES,
      concurrentTasksPerWorker: 1,
      recordTiming: false,
      env: threadEnvironment(),
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MIB },
    })
    const compilerPort = task.options.engine === 'interpreter' ? null : this.#compilerPort()
    const ports = compilerPort ? [task.port, compilerPort] : [task.port]
    await this.#machines.run({ ...task, compilerPort }, { ...transfer(ports), signal } as RunOptions)
  }

  /** A new connection to the thread that compiles, which ends when nobody is connected any more. */
  #compilerPort(): MessagePort {
    this.#compiler ??= new Piscina({
      filename: compilerThreadUrl.href,
      name: 'serveCompiler',
      minThreads: 0,
      maxThreads: 1,
      concurrentTasksPerWorker: MAX_MACHINES,
      recordTiming: false,
      env: threadEnvironment(),
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MIB },
    })
    const { port1, port2 } = new MessageChannel()
    // It ends with the machine, or is destroyed with the pool. Without it the machine's code stays with the interpreter.
    this.#compiler.run({ port: port1 }, transfer([port1]) as RunOptions).catch(() => {})
    return port2
  }

  /** What the image at `path` is; errors call it `name`. One that needs other files is refused when it shall be copied `alone`. */
  async inspectMedium(path: string, name = basename(path), isAlone = false): Promise<MediumInfo> {
    this.#media ??= new Piscina({
      filename: mediaTaskUrl.href,
      name: 'inspectMedium',
      minThreads: 0,
      maxThreads: MEDIA_THREADS,
      idleTimeout: IDLE_MS,
      recordTiming: false,
    })
    const result: MediaTaskResult<MediumInfo> = await this.#media.run({ path, name, isAlone })
    if ('error' in result) throw fromErrorRecord(result.error)
    return result.ok
  }

  /** Runs a task on images. It ends soon after `watch.signal`, leaving everything as it was before. */
  runDiskTask<T extends DiskTask['type']>(task: DiskTaskOf<T>, watch: DiskTaskWatch = {}): Promise<DiskTaskResults[T]> {
    this.#disks ??= new Piscina({
      filename: diskTaskUrl.href,
      name: 'runDiskTask',
      minThreads: 0,
      maxThreads: DISK_THREADS,
      idleTimeout: IDLE_MS,
      concurrentTasksPerWorker: 1,
      recordTiming: false,
    })
    const pool = this.#disks
    return watched(watch, (control) => pool.run({ task, control }))
  }

  /** Runs a task on files from elsewhere. It ends soon after `watch.signal`, leaving nothing behind. */
  runImportTask<N extends keyof ImportTasks>(
    name: N,
    request: ImportTasks[N]['request'],
    watch: DiskTaskWatch = {},
  ): Promise<ImportTasks[N]['result']> {
    this.#imports ??= new Piscina({
      filename: importTaskUrl.href,
      name: 'runImportTask',
      minThreads: 0,
      maxThreads: IMPORT_THREADS,
      idleTimeout: IDLE_MS,
      concurrentTasksPerWorker: 1,
      recordTiming: false,
    })
    const pool = this.#imports
    return watched(watch, (control) => pool.run({ name, request, control }))
  }

  /** Runs one of the tasks of worker/snapshot-task.ts. */
  async snapshotTask<Name extends keyof SnapshotTasks>(
    name: Name,
    request: SnapshotTasks[Name]['request'],
  ): Promise<SnapshotTasks[Name]['result']> {
    this.#snapshots ??= new Piscina({
      filename: snapshotTaskUrl.href,
      minThreads: 0,
      maxThreads: SNAPSHOT_THREADS,
      idleTimeout: IDLE_MS,
      env: threadEnvironment(),
      recordTiming: false,
    })
    const result: MediaTaskResult<SnapshotTasks[Name]['result']> = await this.#snapshots.run(request, { name })
    if ('error' in result) throw fromErrorRecord(result.error)
    return result.ok
  }

  /** Kills what still runs. */
  async dispose(): Promise<void> {
    await Promise.all(
      [this.#machines, this.#compiler, this.#media, this.#disks, this.#snapshots, this.#imports].map((pool) =>
        pool?.destroy(),
      ),
    )
    this.#disks = undefined
    this.#machines = undefined
    this.#compiler = undefined
    this.#snapshots = undefined
    this.#media = undefined
    this.#imports = undefined
  }
}

/** Runs a task that tells its progress, and is told to stop, through shared memory. */
async function watched<T>(
  { onProgress, signal }: DiskTaskWatch,
  run: (control: SharedArrayBuffer) => Promise<MediaTaskResult<T>>,
): Promise<T> {
  const control = new SharedArrayBuffer(DISK_TASK_CONTROL_BYTES)
  const progress = new Float64Array(control, 8, 2)
  const stop = () => Atomics.store(new Int32Array(control, 0, 1), 0, 1)
  if (signal?.aborted) stop()
  signal?.addEventListener('abort', stop, { once: true })
  const timer = setInterval(() => onProgress?.(progress[0] ?? 0, progress[1] ?? 0), PROGRESS_INTERVAL_MS)
  try {
    const result = await run(control)
    if ('error' in result) throw fromErrorRecord(result.error)
    return result.ok
  } finally {
    clearInterval(timer)
    signal?.removeEventListener('abort', stop)
  }
}

/** The package's type of this option is that of another overload of postMessage; it takes an array, and insists on one. */
type RunOptions = Parameters<Piscina['run']>[1]
function transfer(ports: MessagePort[]): { transferList: unknown } {
  return { transferList: ports }
}

/** The main thread's compile cache for the threads, too: it halves the time to the first instruction. */
function threadEnvironment(): Record<string, string> {
  const folder = getCompileCacheDir()
  const environment = Object.fromEntries(Object.entries(process.env).filter((entry) => entry[1] !== undefined))
  return { ...environment, ...(folder ? { NODE_COMPILE_CACHE: dirname(folder) } : {}) } as Record<string, string>
}
