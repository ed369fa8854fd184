/** Asking before something that cannot be undone: one question at a time, answered by a promise. */

export interface Question {
  readonly title: string
  readonly why: string
  /** What the button says that does it. */
  readonly action: string
}

export class Questions {
  current = $state.raw<Question | null>(null)
  #answer: (yes: boolean) => void = () => {}

  /** Resolves with whether the user wants it. A question that is still open is answered with no. */
  ask(question: Question): Promise<boolean> {
    this.#answer(false)
    this.current = question
    return new Promise((resolve) => {
      this.#answer = resolve
    })
  }

  answer(yes: boolean): void {
    this.current = null
    this.#answer(yes)
  }
}
