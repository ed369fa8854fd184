import { expect, test } from 'vitest'
// The source of the error codes, to see that none is without a text.
import errorSource from '../../../core/base/errors.ts?raw'
import { strings } from '../../../renderer/strings/en.ts'
import { errorText } from '../../../renderer/strings/error-text.ts'
import { formatBytes, formatDuration, formatMips, formatPercent } from '../../../renderer/strings/format.ts'

test('every error code has a title', () => {
  const codes = [...errorSource.matchAll(/^ {2}\| '([a-z-]+\/[a-z-]+)'/gm)].map(([, code]) => code)
  expect(codes.length).toBeGreaterThan(20)
  expect(codes.filter((code) => !Object.hasOwn(strings.errors, code ?? ''))).toEqual([])
})

test('errors of a newer host, of ours and of nobody have a text too', () => {
  expect(errorText({ code: 'new/kind', message: 'Something new' })).toMatchObject({
    title: strings.errors.unknown,
    detail: 'Something new',
  })
  expect(errorText({ code: 'toString', message: 'x' }).title).toBe(strings.errors.unknown)
  expect(errorText(new TypeError('x is undefined')).title).toBe(strings.errors['internal/bug'])
  expect(errorText(undefined).detail).toBe('undefined')
})

test('numbers are short', () => {
  expect([0, 1023, 1024, 1474560, 2 ** 31, 650 * 2 ** 20].map(formatBytes)).toEqual([
    '0 bytes',
    '1023 bytes',
    '1 KiB',
    '1.41 MiB',
    '2 GiB',
    '650 MiB',
  ])
  expect([0.04, 4.25, 111.6].map(formatMips)).toEqual(['0 MIPS', '4.3 MIPS', '112 MIPS'])
  expect([-1, 0.256, 7].map(formatPercent)).toEqual(['0 %', '26 %', '100 %'])
  expect([5.9, 754, 3723].map(formatDuration)).toEqual(['0:05', '12:34', '1:02:03'])
})
