import { describe, expect, test } from 'vitest'
import {
  BINARY_HEADER_BYTES,
  createFrameMessage,
  encodeSerialBytes,
  encodeUploadChunk,
  parseBinaryMessage,
} from '../../../core/contract/binary.ts'
import { Random } from '../../support/random.ts'

const frame = {
  whole: false,
  subscriptionId: 7,
  sequence: 9,
  pictureWidthPx: 640,
  pictureHeightPx: 480,
  left: 638,
  top: 477,
  widthPx: 2,
  heightPx: 3,
  aspectWidth: 4,
  aspectHeight: 3,
}

describe('binary messages', () => {
  test('are laid out as written down', () => {
    const message = createFrameMessage({ ...frame, whole: true })
    message.fill(0xaa, BINARY_HEADER_BYTES)
    expect(Buffer.from(message).toString('hex')).toBe(
      '01010000' +
        '07000000' +
        '09000000' +
        '8002e001' +
        '7e02dd01' +
        '02000300' +
        '04000300' +
        '00000000' +
        'aa'.repeat(24),
    )
    expect(Buffer.from(encodeSerialBytes(1, 2, Uint8Array.of(3, 4))).toString('hex')).toBe(
      `0202000001000000${'00'.repeat(24)}0304`,
    )
    expect(Buffer.from(encodeUploadChunk(5, 6, 1048576, Uint8Array.of(7))).toString('hex')).toBe(
      `030000000500000006000000000000000000304100000000${'00'.repeat(8)}07`,
    )
  })

  test('are read back', () => {
    const message = createFrameMessage(frame)
    expect(parseBinaryMessage(message)).toEqual({ kind: 'screen', ...frame, pixels: new Uint8Array(24) })
    expect(parseBinaryMessage(encodeSerialBytes(1, 4, Uint8Array.of(3)))).toEqual({
      kind: 'serial',
      subscriptionId: 1,
      port: 4,
      bytes: Uint8Array.of(3),
    })
    expect(parseBinaryMessage(encodeUploadChunk(5, 6, 7, Uint8Array.of(3)))).toEqual({
      kind: 'upload',
      requestId: 5,
      uploadId: 6,
      position: 7,
      bytes: Uint8Array.of(3),
    })
  })

  test('that are wrong are none', () => {
    const outside = createFrameMessage({ ...frame, left: 639 })
    const short = createFrameMessage(frame).subarray(0, -1)
    const negative = encodeUploadChunk(1, 1, -1, new Uint8Array(1))
    const fraction = encodeUploadChunk(1, 1, 0.5, new Uint8Array(1))
    const port = encodeSerialBytes(1, 5, new Uint8Array(1))
    for (const message of [
      outside,
      short,
      negative,
      fraction,
      port,
      new Uint8Array(0),
      new Uint8Array(31),
      new Uint8Array(32),
    ])
      expect(parseBinaryMessage(message)).toBeUndefined()
    const random = new Random(1)
    for (let round = 0; round < 2000; round++) {
      const noise = Uint8Array.from({ length: random.below(80) }, () => random.below(round % 2 ? 256 : 4))
      expect(() => parseBinaryMessage(noise)).not.toThrow()
    }
  })
})
