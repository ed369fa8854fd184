/** One console: watches a machine, carries its input, and knows what is around the screen. */

import type { ScreenFrame } from '../../../core/contract/binary.ts'
import type { Client, ConsoleSubscription } from '../../../core/contract/client.ts'
import type { Lights, MachineStats } from '../../../core/contract/events.ts'
import type { KeyEvent } from '../../../core/contract/key-codes.ts'
import type { KeyboardLayout } from '../../../core/contract/keyboard-layouts.ts'
import type { MouseEventRecord, ScreenText } from '../../../core/contract/machine-api.ts'
import type { DriveSlot } from '../../../core/contract/machine-spec.ts'
import type { MediaSource } from '../../../core/contract/media-source.ts'
import type { Notices } from '../../app/notices.svelte.ts'
import type { PictureSize } from './picture-scale.ts'
import { chordKeys } from './send-keys.ts'

const MAX_FRAMES_PER_SECOND = 60
const ALL_PORTS = [1, 2, 3, 4]

export interface ConsoleOutlets {
  onFrame(frame: ScreenFrame): void
  onSerial(port: number, bytes: Uint8Array<ArrayBuffer>): void
  onTone(frequencyHz: number): void
}

/** How a drive treats its image. */
export interface DriveChange {
  readonly writeProtected?: boolean
  readonly discardWrites?: boolean
}

export class ConsoleModel {
  readonly machineId: string
  picture = $state.raw<PictureSize | null>(null)
  stats = $state.raw<MachineStats | null>(null)
  lights = $state.raw<Lights | null>(null)
  /** The keyboard belongs to the guest. */
  keyboardCaptured = $state(false)
  mouseCaptured = $state(false)
  typing = $state(false)
  readonly #client: Client
  readonly #notices: Notices
  readonly #outlets: ConsoleOutlets
  readonly #unsubscribe: (() => void)[]
  #subscription: ConsoleSubscription | undefined
  #disposed = false

  constructor(client: Client, notices: Notices, machineId: string, outlets: ConsoleOutlets) {
    this.machineId = machineId
    this.#client = client
    this.#notices = notices
    this.#outlets = outlets
    this.#unsubscribe = [
      client.on('machine-stats', (stats) => {
        if (stats.id === machineId) this.stats = stats
      }),
      client.on('machine-lights', ({ id, lights }) => {
        if (id === machineId) this.lights = lights
      }),
      client.on('machine-state', ({ id, state }) => {
        if (id !== machineId) return
        if (state !== 'running') outlets.onTone(0)
        if (state !== 'off' && state !== 'crashed') return
        this.stats = null
        this.lights = null
      }),
      client.on('machine-tone', ({ id, frequencyHz }) => {
        if (id === machineId) outlets.onTone(frequencyHz)
      }),
    ]
  }

  /** Begins to watch. */
  async open(): Promise<void> {
    const subscription = await this.#notices.guard(() =>
      this.#client.openConsole({
        id: this.machineId,
        maxFramesPerSecond: MAX_FRAMES_PER_SECOND,
        serialPorts: ALL_PORTS,
        onFrame: (frame) => this.#outlets.onFrame(frame),
        onSerial: (port, bytes) => this.#outlets.onSerial(port, bytes),
      }),
    )
    // The console may have been left while the host answered.
    if (this.#disposed) subscription?.close()
    else this.#subscription = subscription
  }

  frameDrawn(frame: ScreenFrame): void {
    this.#subscription?.drawn(frame)
  }

  /** Keys for a machine that has just been switched off go nowhere, and that is no news. */
  sendKeys(events: readonly KeyEvent[]): void {
    this.#client.api.machine.keys({ id: this.machineId, events: [...events] }).catch(() => {})
  }

  sendMouse(events: readonly MouseEventRecord[]): void {
    this.#client.api.machine.mouse({ id: this.machineId, events: [...events] }).catch(() => {})
  }

  sendChord(chord: string): void {
    this.sendKeys(chordKeys(chord))
  }

  sendSerial(port: number, data: string): void {
    this.#client.api.console.sendSerial({ id: this.machineId, port, data }).catch(() => {})
  }

  /** True when the guest has taken everything. Characters that the layout lacks are left out. */
  async typeText(text: string, layout: KeyboardLayout): Promise<boolean> {
    this.typing = true
    const typing = { id: this.machineId, text, layout, skipMissing: true }
    const done = await this.#notices.guard(() => this.#client.api.machine.typeText(typing))
    this.typing = false
    return done !== undefined
  }

  /** Remembers which keyboard layout the guest is set to. */
  async setLayout(keyboardLayout: KeyboardLayout): Promise<void> {
    const update = () => this.#client.api.library.update({ id: this.machineId, patch: { keyboardLayout } })
    await this.#notices.guard(update)
  }

  /** The guest's text screen; undefined in graphics modes, or when it could not be had. */
  async textScreen(): Promise<ScreenText | undefined> {
    const text = await this.#notices.guard(() => this.#client.api.machine.screenText({ id: this.machineId }))
    return text?.mode === 'text' ? text : undefined
  }

  /** The screen as a PNG of base64. */
  async screenshot(): Promise<string | undefined> {
    const shot = await this.#notices.guard(() => this.#client.api.machine.screenshot({ id: this.machineId }))
    return shot?.pngBase64
  }

  async insert(slot: DriveSlot, source: MediaSource): Promise<void> {
    await this.#client.api.machine.insertMedia({ id: this.machineId, slot, source })
  }

  async eject(slot: DriveSlot): Promise<void> {
    await this.#notices.guard(() => this.#client.api.machine.ejectMedia({ id: this.machineId, slot }))
  }

  async setDrive(slot: DriveSlot, change: DriveChange): Promise<void> {
    await this.#notices.guard(() => this.#client.api.machine.setDrive({ id: this.machineId, slot, ...change }))
  }

  dispose(): void {
    this.#disposed = true
    this.#subscription?.close()
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
  }
}
