/**
 * Binary messages. Little-endian, header of 32 bytes, then the payload:
 *
 *   offset  screen frame (host)      serial bytes (host)      upload chunk (client)
 *   0  u8   1                        2                        3
 *   1  u8   bit 0: whole picture     COM port, 1 to 4         0
 *   4  u32  subscription             subscription             request id (answered as a request is)
 *   8  u32  sequence                 0                        upload id
 *   12 u16  picture width            -                        12 f64  position in the file
 *   14 u16  picture height
 *   16 u16  left of the changed rectangle
 *   18 u16  top
 *   20 u16  width
 *   22 u16  height
 *   24 u16  aspect of the whole picture, width part (4 of 4:3)
 *   26 u16  aspect, height part
 *   32      width × height × 4 bytes: red, green, blue, 255
 */

export const BINARY_HEADER_BYTES = 32

const BINARY_SCREEN = 1
const BINARY_SERIAL = 2
const BINARY_UPLOAD = 3

/** A rectangle of the guest's picture that has changed. A `whole` frame covers everything and may change the size. */
export interface ScreenFrame {
  readonly kind: 'screen'
  readonly whole: boolean
  readonly subscriptionId: number
  readonly sequence: number
  readonly pictureWidthPx: number
  readonly pictureHeightPx: number
  readonly left: number
  readonly top: number
  readonly widthPx: number
  readonly heightPx: number
  /** The shape that the picture has on a monitor: 4:3 for the standard VGA modes whatever their pixels. */
  readonly aspectWidth: number
  readonly aspectHeight: number
  /** RGBA, widthPx × heightPx × 4 bytes; alpha is 255. A view into the message. */
  readonly pixels: Uint8Array<ArrayBuffer>
}

export interface SerialBytes {
  readonly kind: 'serial'
  readonly subscriptionId: number
  readonly port: number
  readonly bytes: Uint8Array<ArrayBuffer>
}

export interface UploadChunk {
  readonly kind: 'upload'
  readonly requestId: number
  readonly uploadId: number
  readonly position: number
  readonly bytes: Uint8Array<ArrayBuffer>
}

export type BinaryMessage = ScreenFrame | SerialBytes | UploadChunk

function header(
  kind: number,
  detail: number,
  id: number,
  payloadBytes: number,
): { message: Uint8Array<ArrayBuffer>; view: DataView } {
  const message = new Uint8Array(BINARY_HEADER_BYTES + payloadBytes)
  const view = new DataView(message.buffer)
  view.setUint8(0, kind)
  view.setUint8(1, detail)
  view.setUint32(4, id, true)
  return { message, view }
}

/** Allocates a frame message; the caller fills the pixels after the header. */
export function createFrameMessage(frame: Omit<ScreenFrame, 'kind' | 'pixels'>): Uint8Array<ArrayBuffer> {
  const { message, view } = header(
    BINARY_SCREEN,
    frame.whole ? 1 : 0,
    frame.subscriptionId,
    frame.widthPx * frame.heightPx * 4,
  )
  view.setUint32(8, frame.sequence, true)
  view.setUint16(12, frame.pictureWidthPx, true)
  view.setUint16(14, frame.pictureHeightPx, true)
  view.setUint16(16, frame.left, true)
  view.setUint16(18, frame.top, true)
  view.setUint16(20, frame.widthPx, true)
  view.setUint16(22, frame.heightPx, true)
  view.setUint16(24, frame.aspectWidth, true)
  view.setUint16(26, frame.aspectHeight, true)
  return message
}

export function encodeSerialBytes(subscriptionId: number, port: number, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { message } = header(BINARY_SERIAL, port, subscriptionId, bytes.length)
  message.set(bytes, BINARY_HEADER_BYTES)
  return message
}

export function encodeUploadChunk(
  requestId: number,
  uploadId: number,
  position: number,
  bytes: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const { message, view } = header(BINARY_UPLOAD, 0, requestId, bytes.length)
  view.setUint32(8, uploadId, true)
  view.setFloat64(12, position, true)
  message.set(bytes, BINARY_HEADER_BYTES)
  return message
}

/** What `message` says, or undefined where it is not well-formed. Never throws. */
export function parseBinaryMessage(message: Uint8Array<ArrayBuffer>): BinaryMessage | undefined {
  if (message.length < BINARY_HEADER_BYTES) return undefined
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength)
  const payload = message.subarray(BINARY_HEADER_BYTES)
  const id = view.getUint32(4, true)
  switch (view.getUint8(0)) {
    case BINARY_SCREEN: {
      const frame: ScreenFrame = {
        kind: 'screen',
        whole: (view.getUint8(1) & 1) !== 0,
        subscriptionId: id,
        sequence: view.getUint32(8, true),
        pictureWidthPx: view.getUint16(12, true),
        pictureHeightPx: view.getUint16(14, true),
        left: view.getUint16(16, true),
        top: view.getUint16(18, true),
        widthPx: view.getUint16(20, true),
        heightPx: view.getUint16(22, true),
        aspectWidth: view.getUint16(24, true),
        aspectHeight: view.getUint16(26, true),
        pixels: payload,
      }
      const inside =
        frame.left + frame.widthPx <= frame.pictureWidthPx && frame.top + frame.heightPx <= frame.pictureHeightPx
      return inside && payload.length === frame.widthPx * frame.heightPx * 4 ? frame : undefined
    }
    case BINARY_SERIAL: {
      const port = view.getUint8(1)
      return port >= 1 && port <= 4 ? { kind: 'serial', subscriptionId: id, port, bytes: payload } : undefined
    }
    case BINARY_UPLOAD: {
      const position = view.getFloat64(12, true)
      if (!Number.isSafeInteger(position) || position < 0 || id === 0) return undefined
      return { kind: 'upload', requestId: id, uploadId: view.getUint32(8, true), position, bytes: payload }
    }
    default:
      return undefined
  }
}
