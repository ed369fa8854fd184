/**
 * The host process without any shell: library, threads and services, to which shells connect their clients. One host owns a
 * library at a time.
 */
import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { AppError } from '../core/base/errors.ts'
import type { Transport } from '../core/contract/transport.ts'
import { TEMPLATES } from '../core/templates/catalogue.ts'
import { appVersion } from './app-version.ts'
import { DiskWork } from './disks/disk-work.ts'
import { MachineDisks } from './disks/machine-disks.ts'
import { Downloads } from './downloads/downloads.ts'
import { HostEvents } from './host-events.ts'
import { Imports } from './imports/imports.ts'
import type { Grants } from './ipc/call-context.ts'
import { Connection } from './ipc/connection.ts'
import { Dispatcher, type Services } from './ipc/dispatcher.ts'
import { UploadStore } from './ipc/upload-store.ts'
import { readAppSettings } from './library/app-settings-file.ts'
import { makeFolder } from './library/atomic-file.ts'
import { isFirstStart, Library } from './library/library.ts'
import { acquireLock, type LockFile } from './library/lock-file.ts'
import { libraryError } from './library/machine-folder.ts'
import { RecentMedia } from './library/recent-media.ts'
import { RotatingLog } from './library/rotating-log.ts'
import { createAppService, type ShellHooks } from './services/app-service.ts'
import { createConsoleService } from './services/console-service.ts'
import { createDiskService } from './services/disk-service.ts'
import { createDownloadService } from './services/download-service.ts'
import { importDemo } from './services/import-image.ts'
import { createImportService } from './services/import-service.ts'
import { createLibraryService } from './services/library-service.ts'
import { createMachineService } from './services/machine-service.ts'
import { createMediaService } from './services/media-service.ts'
import { createMediumService } from './services/medium-service.ts'
import { createSnapshotService } from './services/snapshot-service.ts'
import { createStatsService } from './services/stats-service.ts'
import { createTemplateService } from './services/template-service.ts'
import { createUploadService } from './services/upload-service.ts'
import { Snapshots } from './snapshots/snapshots.ts'
import { HostMeter } from './vm/host-meter.ts'
import { Machines } from './vm/machines.ts'
import { ThreadPools } from './vm/vm-pool.ts'

const demoImage = new URL('../assets/demo/demo.img', import.meta.url)

/** The host's own files inside the library's folder. */
const OWN_FOLDER = '.vitrine'
/** Files on their way to a machine: uploaded, unpacked, copied. Emptied at every start. */
const UPLOADS = join(OWN_FOLDER, 'uploads')

export function libraryLockFile(libraryFolder: string): string {
  return join(libraryFolder, OWN_FOLDER, 'lock')
}

export interface HostOptions {
  readonly libraryFolder: string
  /** What the lock tells others about this host, such as where to reach it. */
  readonly lockNote?: Readonly<Record<string, string>>
  /** Make the demo machine when the library is new. */
  readonly welcome: boolean
  readonly shell: ShellHooks
  /** Entry of VM threads, for tests. */
  readonly vmThread?: URL
}

export class Host {
  readonly machines: Machines
  readonly snapshots: Snapshots
  readonly events = new HostEvents()
  readonly libraryFolder: string
  readonly #pools: ThreadPools
  readonly #diskWork: DiskWork
  readonly #disks: MachineDisks
  readonly #dispatcher: Dispatcher
  readonly #lock: LockFile
  readonly #media: RecentMedia
  readonly #downloads: Downloads
  readonly #meter: HostMeter
  readonly #connections = new Set<Connection>()

  private constructor(options: HostOptions, library: Library, pools: ThreadPools, lock: LockFile) {
    const { libraryFolder } = options
    this.libraryFolder = libraryFolder
    this.#pools = pools
    this.#lock = lock
    this.#media = new RecentMedia(join(libraryFolder, OWN_FOLDER, 'recent-media.json'))
    this.machines = new Machines(library, pools, this.events, this.#media)
    this.#meter = new HostMeter(this.events, () => this.machines.runningSamples())
    this.snapshots = new Snapshots(this.machines, pools, this.events)
    this.#diskWork = new DiskWork(pools, this.events)
    const disks = new MachineDisks(this.snapshots.work, this.#diskWork, (id) => this.snapshots.tidyLater(id))
    this.#disks = disks
    const importer = { library, pools, events: this.events }
    this.#downloads = new Downloads(join(libraryFolder, OWN_FOLDER, 'downloads'), TEMPLATES, this.events)
    const imports = new Imports({ ...importer, snapshots: this.snapshots, stagingFolder: join(libraryFolder, UPLOADS) })
    const services: Services = {
      app: createAppService({ version: appVersion(), libraryFolder, shell: options.shell }, this.machines, this.events),
      library: createLibraryService({
        machines: this.machines,
        importer,
        snapshots: this.snapshots,
        disks,
        imports,
        events: this.events,
        folders: options.shell,
        usesSystemTrash: () => readAppSettings().systemTrash,
      }),
      machine: createMachineService(this.machines, pools),
      console: createConsoleService(this.machines),
      media: createMediaService(this.#media),
      stats: createStatsService(this.machines, this.#meter),
      download: createDownloadService(this.#downloads),
      import: createImportService(this.machines, imports),
      medium: createMediumService(this.machines, pools, this.events),
      snapshot: createSnapshotService(this.machines, this.snapshots),
      template: createTemplateService(),
      disk: createDiskService({ machines: this.machines, pools, work: this.#diskWork, disks }),
      upload: createUploadService(),
    }
    this.#dispatcher = new Dispatcher(services, new RotatingLog(join(libraryFolder, OWN_FOLDER, 'logs/host.log')))
    this.events.isWatched = (event) => [...this.#connections].some((connection) => connection.watches(event))
    this.events.subscribe(({ event, data }) => {
      // How many there are, and how old the last one is, stands on the card.
      if (event === 'snapshots-changed') void this.machines.cards.tellOne(data.id)
      for (const connection of this.#connections) connection.emit(event, data)
    })
  }

  /** Opens the library. Throws `library/locked` (with the owner's pid and note) while another host has it, `library/io`. */
  static async open(options: HostOptions): Promise<Host> {
    const { libraryFolder } = options
    const first = await isFirstStart(libraryFolder)
    const own = join(libraryFolder, OWN_FOLDER)
    await makeFolder(own).catch((cause) => {
      throw libraryError(`Cannot open the library ${libraryFolder}`, cause)
    })
    const lock = takeLibraryLock(libraryFolder, options.lockNote ?? {})
    const pools = new ThreadPools(options.vmThread)
    try {
      await rm(join(libraryFolder, UPLOADS), { recursive: true, force: true })
      const library = await Library.open(libraryFolder)
      const demo = fileURLToPath(demoImage)
      if (first && options.welcome && existsSync(demo)) await importDemo(library, pools, demo)
      const host = new Host(options, library, pools, lock)
      await host.#disks.mendAll()
      await host.snapshots.recoverAll()
      return host
    } catch (error) {
      lock.release()
      await pools.dispose()
      throw error
    }
  }

  /** Connects a client. */
  connect(transport: Transport, grants: Grants): Connection {
    const uploads = new UploadStore(join(this.libraryFolder, UPLOADS), (uploadId, fileName, doneBytes, totalBytes) =>
      this.events.emit('import-progress', { fileName, uploadId, doneBytes, totalBytes }),
    )
    const connection = new Connection(transport, this.#dispatcher, grants, uploads)
    this.#connections.add(connection)
    connection.onEnd(() => this.#connections.delete(connection))
    return connection
  }

  /** How many clients are connected. */
  get connectionCount(): number {
    return this.#connections.size
  }

  /** Switches every machine off, ends all connections and gives the library free. */
  async dispose(): Promise<void> {
    this.#diskWork.dispose()
    await this.machines.stopAll()
    this.#meter.dispose()
    await this.#media.settled()
    await this.#downloads.dispose()
    await this.snapshots.dispose()
    for (const connection of [...this.#connections]) connection.close()
    await this.#pools.dispose()
    this.#lock.release()
  }
}

function takeLibraryLock(libraryFolder: string, note: Readonly<Record<string, string>>): LockFile {
  let result: ReturnType<typeof acquireLock>
  try {
    result = acquireLock(libraryLockFile(libraryFolder), note)
  } catch (cause) {
    throw libraryError(`Cannot open the library ${libraryFolder}`, cause)
  }
  if ('release' in result) return result
  throw new AppError(
    'library/locked',
    `Another Vitrine (process ${result.pid}) has the library ${libraryFolder} open`,
    { context: { pid: result.pid, ...result.note } },
  )
}
