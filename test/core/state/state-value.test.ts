import { describe, expect, it } from 'vitest'
import { decodeRecord, encodeRecord, type StateRecord } from '../../../core/state/state-value.ts'
import { Random } from '../../support/random.ts'

const record: StateRecord = {
  nothing: null,
  yes: true,
  no: false,
  zero: 0,
  minusZero: -0,
  negative: -2_147_483_648,
  large: 4_294_967_295,
  time: 1_003_117_040.25,
  never: Number.POSITIVE_INFINITY,
  text: 'Größe, 大きさ',
  bytes: Uint8Array.of(0, 1, 255),
  halfwords: Uint16Array.of(0, 0x1234, 0xffff),
  words: Uint32Array.of(0, 0x1234_5678, 0xffff_ffff),
  list: [1, 'two', [3], { four: 4 }],
  '': { empty: {}, none: [] },
}

describe('records as bytes', () => {
  it('come back as they were', () => {
    expect(decodeRecord(encodeRecord(record), 'Record')).toStrictEqual(record)
    expect(Object.is(decodeRecord(encodeRecord(record), 'Record')['minusZero'], -0)).toBe(true)
  })

  it('are the same for the same record', () => {
    expect(encodeRecord(structuredClone(record))).toEqual(encodeRecord(record))
  })

  it('are refused when they end early, go on, or hold something else', () => {
    const bytes = encodeRecord(record)
    for (let length = 0; length < bytes.length; length++)
      expect(() => decodeRecord(bytes.subarray(0, length), 'Record')).toThrow('Record is damaged')
    expect(() => decodeRecord(Uint8Array.of(...bytes, 0), 'Record')).toThrow('something follows it')
    expect(() => decodeRecord(Uint8Array.of(99), 'Record')).toThrow('no kind of value 99')
    expect(() => decodeRecord(Uint8Array.of(9, 0, 0, 0, 0), 'Record')).toThrow('it is no record')
  })

  it('claim no memory beyond their own size', () => {
    for (const tag of [5, 6, 7, 8, 9, 10])
      expect(() => decodeRecord(Uint8Array.of(tag, 0xff, 0xff, 0xff, 0xff), 'Record')).toThrow('it ends too early')
    let nested = Uint8Array.of(2)
    for (let i = 0; i < 100; i++) nested = Uint8Array.of(9, 1, 0, 0, 0, ...nested)
    expect(() => decodeRecord(nested, 'Record')).toThrow('nested too deeply')
  })

  it('have no field twice, and none that every object has', () => {
    const one = [1, 0, 0, 0, 0x61, 2]
    expect(() => decodeRecord(Uint8Array.of(10, 2, 0, 0, 0, ...one, ...one), 'Record')).toThrow('a field stands twice')
    const proto = new TextEncoder().encode('__proto__')
    expect(() => decodeRecord(Uint8Array.of(10, 1, 0, 0, 0, 9, 0, 0, 0, ...proto, 10, 0, 0, 0, 0), 'Record')).toThrow(
      'a field stands twice',
    )
  })

  it('with changed bytes give an error or a record', () => {
    const random = new Random(11)
    const bytes = encodeRecord(record)
    for (let round = 0; round < 20_000; round++) {
      const changed = bytes.slice()
      for (let i = 0; i <= random.below(4); i++) changed[random.below(changed.length)] = random.below(256)
      try {
        decodeRecord(changed, 'Record')
      } catch (error) {
        expect(error).toMatchObject({ code: 'state/corrupt' })
      }
    }
  })
})
