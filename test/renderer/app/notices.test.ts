import { expect, test } from 'vitest'
import { AppError } from '../../../core/base/errors.ts'
import { Notices } from '../../../renderer/app/notices.svelte.ts'
import { Questions } from '../../../renderer/app/questions.svelte.ts'

test('an error of the host is told by its code and in its own words, once', async () => {
  const notices = new Notices()
  const fail = () => Promise.reject(new AppError('disk/full', 'No space is left for: a.img'))
  expect(await notices.guard(fail)).toBeUndefined()
  await notices.guard(fail)
  expect(notices.list.map(({ level, title, detail }) => [level, title, detail])).toEqual([
    ['error', 'The disk of this computer is full', 'No space is left for: a.img'],
  ])
})

test('with a title of what was tried, the reason stands below it', async () => {
  const notices = new Notices()
  notices.fail(new AppError('vm/invalid-state', 'It is off'), 'Pause: Alpha')
  expect(notices.list[0]).toMatchObject({ title: 'Pause: Alpha', detail: 'This cannot be done right now: It is off' })
  notices.dismiss(notices.list[0]?.id ?? 0)
  expect(notices.list).toEqual([])
})

test('only the newest five stay', () => {
  const notices = new Notices()
  for (let index = 0; index < 8; index++) notices.add('info', `Number ${index}`)
  expect(notices.list.map(({ title }) => title)).toEqual([3, 4, 5, 6, 7].map((index) => `Number ${index}`))
})

test('a question is answered once, and with no when another one comes', async () => {
  const questions = new Questions()
  const question = { title: 'Delete?', why: '', action: 'Delete' }
  const first = questions.ask(question)
  const second = questions.ask(question)
  expect(await first).toBe(false)
  questions.answer(true)
  expect([await second, questions.current]).toEqual([true, null])
})
