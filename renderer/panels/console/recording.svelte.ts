/** The recording of a console's screen, while there is one. */
import type { Notices } from '../../app/notices.svelte.ts'
import { strings } from '../../strings/en.ts'
import { saveBlob } from './save-file.ts'
import { type RecorderSource, ScreenRecorder } from './screen-recorder.ts'

export class Recording {
  /** How long it is, in seconds; null while nothing is recorded. */
  seconds = $state<number | null>(null)
  readonly #picture: RecorderSource['picture']
  readonly #notices: Notices
  readonly #machineName: () => string
  #recorder: ScreenRecorder | undefined
  #clock: ReturnType<typeof setInterval> | undefined
  #toneHz = 0

  constructor(picture: RecorderSource['picture'], notices: Notices, machineName: () => string) {
    this.#picture = picture
    this.#notices = notices
    this.#machineName = machineName
  }

  async toggle(): Promise<void> {
    if (this.seconds === null) await this.#begin()
    else await this.end()
  }

  frame(): void {
    this.#recorder?.frame()
  }

  setTone(frequencyHz: number): void {
    this.#toneHz = frequencyHz
    this.#recorder?.setTone(frequencyHz)
  }

  /** Ends it and saves what there is. */
  async end(): Promise<void> {
    const recorder = this.#recorder
    if (!recorder) return
    this.#forget()
    const file = await this.#notices.guard(() => recorder.stop())
    if (file) this.#save(file, strings.console.recorded)
  }

  async #begin(): Promise<void> {
    this.seconds = 0
    const recorder = await this.#notices.guard(() =>
      ScreenRecorder.start({
        picture: this.#picture,
        nowMs: () => performance.now(),
        ended: (file) => {
          this.#forget()
          this.#save(file, strings.console.recordedFull)
        },
      }),
    )
    if (!recorder) {
      this.#forget()
      this.#notices.add('warning', strings.console.cannotRecord)
      return
    }
    this.#recorder = recorder
    recorder.setTone(this.#toneHz)
    const startMs = performance.now()
    this.#clock = setInterval(() => {
      this.seconds = Math.floor((performance.now() - startMs) / 1000)
    }, 1000)
  }

  #forget(): void {
    clearInterval(this.#clock)
    this.#recorder = undefined
    this.seconds = null
  }

  #save(file: Blob, title: string): void {
    saveBlob(file, this.#machineName(), 'webm')
    this.#notices.add('info', title)
  }
}
