/** Searching machines by what people remember of them. */
import type { Card } from '../../../core/contract/machine-card.ts'
import { strings } from '../../strings/en.ts'

/** Everything of a card that a search looks at. */
function wordsOf(card: Card): string {
  if (card.kind === 'broken') return card.folder
  const { name, template, notes, tags, drives, cpu } = card.spec
  const media = drives.flatMap(({ file }) => (file === null ? [] : [file]))
  return [name, template, notes, strings.states[card.state], strings.profiles[cpu.profile], ...tags, ...media].join(
    '\n',
  )
}

/** Whether every word of `search` occurs somewhere in the card. */
export function matchesSearch(card: Card, search: string): boolean {
  const words = wordsOf(card).toLocaleLowerCase()
  return search
    .toLocaleLowerCase()
    .split(/\s+/)
    .every((word) => words.includes(word))
}
