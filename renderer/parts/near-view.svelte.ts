/** Which of many elements are on the screen or close to it, so that the others need not be made. */
import type { Attachment } from 'svelte/attachments'

/** How far beyond the edges of the scrolled box an element counts as near. */
const MARGIN_PX = 700

export class NearView {
  #observer: IntersectionObserver | undefined
  readonly #tellers = new Map<Element, (isNear: boolean) => void>()

  /** The box that scrolls. Elements that were attached before it are watched from then on. */
  readonly box: Attachment<HTMLElement> = (element) => {
    this.#observer = new IntersectionObserver(
      (entries) => {
        for (const { target, isIntersecting } of entries) this.#tellers.get(target)?.(isIntersecting)
      },
      { root: element, rootMargin: `${MARGIN_PX}px 0px` },
    )
    for (const target of this.#tellers.keys()) this.#observer.observe(target)
    return () => {
      this.#observer?.disconnect()
      this.#observer = undefined
    }
  }

  /** Tells `tell` whether the element is near, now and whenever that changes. */
  watch(tell: (isNear: boolean) => void): Attachment<HTMLElement> {
    return (element) => {
      this.#tellers.set(element, tell)
      this.#observer?.observe(element)
      return () => {
        this.#tellers.delete(element)
        this.#observer?.unobserve(element)
      }
    }
  }
}
