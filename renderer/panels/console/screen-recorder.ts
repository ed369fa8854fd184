/**
 * Records a guest's screen as WebM (VP9, else VP8), with the PC speaker. Only pictures that differ are encoded, so that a guest at
 * rest costs next to nothing. The file has its duration and an index: players can seek in it.
 */
import { ArrayBufferTarget, Muxer } from 'webm-muxer'
import { TonePcm } from './tone-pcm.ts'

/** Pictures a second at most. */
const FRAMES_PER_SECOND = 30
/** Between pictures that need no other before them: what seeking waits for at most. */
const KEY_FRAME_MICROSECONDS = 2_000_000
/** The file grows in memory: beyond this the recording ends by itself. */
const MAX_BYTES = 1 << 30
/** Small pictures are enlarged by whole multiples at least to this height, so that players do not blur them. */
const WANTED_HEIGHT_PX = 720
const SAMPLE_RATE = 48_000
/** Without a new picture sound is encoded, and the last picture repeated, this often. */
const REST_MS = 500

const CODECS = [
  { codec: 'vp09.00.40.08', id: 'V_VP9' },
  { codec: 'vp8', id: 'V_VP8' },
] as const

interface PixelSize {
  readonly width: number
  readonly height: number
}

/** The size of a recording of a picture; encoders want even numbers. */
export function recordingSize({ width, height }: PixelSize): PixelSize {
  const factor = Math.max(1, Math.min(4, Math.round(WANTED_HEIGHT_PX / Math.max(1, height))))
  const even = (value: number) => Math.max(2, Math.ceil((value * factor) / 2) * 2)
  return { width: even(width), height: even(height) }
}

/** Where a picture of `source` goes inside `target`: as large as it fits, in its shape, in the middle. */
export function placeInside(source: PixelSize, target: PixelSize): PixelSize & { left: number; top: number } {
  const factor = Math.min(target.width / source.width, target.height / source.height)
  const width = Math.round(source.width * factor)
  const height = Math.round(source.height * factor)
  return {
    width,
    height,
    left: Math.floor((target.width - width) / 2),
    top: Math.floor((target.height - height) / 2),
  }
}

async function videoConfig(size: PixelSize) {
  if (typeof VideoEncoder === 'undefined') return undefined
  for (const { codec, id } of CODECS) {
    const config: VideoEncoderConfig = {
      codec,
      ...size,
      bitrate: Math.max(1_000_000, size.width * size.height * 3),
      framerate: FRAMES_PER_SECOND,
      latencyMode: 'realtime',
    }
    const { supported } = await VideoEncoder.isConfigSupported(config)
    if (supported) return { config, id }
  }
  return undefined
}

async function audioConfig(): Promise<AudioEncoderConfig | undefined> {
  if (typeof AudioEncoder === 'undefined') return undefined
  const config = { codec: 'opus', sampleRate: SAMPLE_RATE, numberOfChannels: 1, bitrate: 32_000 }
  return (await AudioEncoder.isConfigSupported(config)).supported ? config : undefined
}

export interface RecorderSource {
  /** The picture as it is, in the guest's pixels. */
  picture(): OffscreenCanvas
  /** Milliseconds that never go back. */
  nowMs(): number
  /** Called when the recording has ended by itself, with what there is. */
  ended(file: Blob): void
}

export class ScreenRecorder {
  readonly #source: RecorderSource
  readonly #muxer: Muxer<ArrayBufferTarget>
  readonly #video: VideoEncoder
  readonly #audio: AudioEncoder | undefined
  readonly #canvas: OffscreenCanvas
  readonly #tone = new TonePcm(SAMPLE_RATE)
  readonly #startMs: number
  readonly #timer: ReturnType<typeof setInterval>
  #lastUs = -1
  #keyUs = Number.NEGATIVE_INFINITY
  #samples = 0
  #bytes = 0
  #finished: Promise<Blob> | undefined

  private constructor(
    source: RecorderSource,
    video: { config: VideoEncoderConfig; id: string },
    audio: AudioEncoderConfig | undefined,
  ) {
    this.#source = source
    const { width, height } = video.config
    this.#canvas = new OffscreenCanvas(width, height)
    this.#muxer = new Muxer({
      target: new ArrayBufferTarget(),
      firstTimestampBehavior: 'offset',
      video: { codec: video.id, width, height, frameRate: FRAMES_PER_SECOND },
      ...(audio && { audio: { codec: 'A_OPUS', numberOfChannels: 1, sampleRate: SAMPLE_RATE } }),
    })
    const error = () => void this.#endByItself()
    this.#video = new VideoEncoder({
      output: (chunk, meta) => {
        this.#bytes += chunk.byteLength
        this.#muxer.addVideoChunk(chunk, meta)
      },
      error,
    })
    this.#video.configure(video.config)
    if (audio) {
      this.#audio = new AudioEncoder({
        output: (chunk, meta) => {
          this.#bytes += chunk.byteLength
          this.#muxer.addAudioChunk(chunk, meta)
        },
        error,
      })
      this.#audio.configure(audio)
    }
    this.#startMs = source.nowMs()
    this.#timer = setInterval(() => this.#rest(), REST_MS)
    this.frame()
  }

  /** Begins; undefined where the browser cannot encode. */
  static async start(source: RecorderSource): Promise<ScreenRecorder | undefined> {
    const { width, height } = source.picture()
    const video = await videoConfig(recordingSize({ width, height }))
    return video && new ScreenRecorder(source, video, await audioConfig())
  }

  /** The picture has changed. */
  frame(): void {
    const nowUs = this.#nowUs()
    if (this.#finished || nowUs - this.#lastUs < 1e6 / FRAMES_PER_SECOND) return
    this.#encode(nowUs)
  }

  /** The PC speaker plays another tone; 0 is silence. */
  setTone(frequencyHz: number): void {
    this.#encodeTone(this.#nowUs())
    this.#tone.frequencyHz = frequencyHz
  }

  /** Ends it. Resolves with the file. */
  stop(): Promise<Blob> {
    this.#finished ??= this.#finish()
    return this.#finished
  }

  #nowUs(): number {
    return Math.round((this.#source.nowMs() - this.#startMs) * 1000)
  }

  #encode(nowUs: number): void {
    const picture = this.#source.picture()
    const context = this.#canvas.getContext('2d', { alpha: false })
    if (!context) return
    const { left, top, width, height } = placeInside(picture, this.#canvas)
    context.imageSmoothingEnabled = false
    context.fillRect(0, 0, this.#canvas.width, this.#canvas.height)
    context.drawImage(picture, left, top, width, height)
    // Encoders want each picture later than the last.
    const timestamp = Math.max(nowUs, this.#lastUs + 1)
    const keyFrame = timestamp - this.#keyUs >= KEY_FRAME_MICROSECONDS
    const frame = new VideoFrame(this.#canvas, { timestamp })
    this.#video.encode(frame, { keyFrame })
    frame.close()
    if (keyFrame) this.#keyUs = timestamp
    this.#lastUs = timestamp
    this.#encodeTone(nowUs)
    if (this.#bytes > MAX_BYTES) void this.#endByItself()
  }

  /** Sound up to now. */
  #encodeTone(nowUs: number): void {
    if (!this.#audio || this.#finished) return
    const count = Math.floor((nowUs * SAMPLE_RATE) / 1e6) - this.#samples
    if (count <= 0) return
    const data = new AudioData({
      format: 'f32',
      sampleRate: SAMPLE_RATE,
      numberOfFrames: count,
      numberOfChannels: 1,
      timestamp: Math.round((this.#samples * 1e6) / SAMPLE_RATE),
      data: this.#tone.next(count),
    })
    this.#samples += count
    this.#audio.encode(data)
    data.close()
  }

  #rest(): void {
    const nowUs = this.#nowUs()
    if (!this.#finished && nowUs - this.#lastUs >= REST_MS * 1000) this.#encode(nowUs)
  }

  async #endByItself(): Promise<void> {
    if (!this.#finished) this.#source.ended(await this.stop())
  }

  async #finish(): Promise<Blob> {
    clearInterval(this.#timer)
    // The last picture lasts until now.
    if (this.#video.state === 'configured') this.#encode(this.#nowUs())
    await Promise.allSettled([this.#video.flush(), this.#audio?.flush()])
    if (this.#video.state !== 'closed') this.#video.close()
    if (this.#audio && this.#audio.state !== 'closed') this.#audio.close()
    this.#muxer.finalize()
    return new Blob([this.#muxer.target.buffer], { type: 'video/webm' })
  }
}
