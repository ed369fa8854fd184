/** Makes an element take files. */
import type { Attachment } from 'svelte/attachments'
import { carriesFiles, type DroppedFiles, itemsOf, sortDropped } from '../panels/library/dropped-files.ts'

export interface DropHandlers {
  /** Files are over the element, or are no longer. */
  over(isOver: boolean): void
  drop(dropped: DroppedFiles): unknown
}

export function dropTarget({ over, drop }: DropHandlers): Attachment<HTMLElement> {
  return (element) => {
    const abort = new AbortController()
    const { signal } = abort
    // Entering a child is told before leaving its parent.
    let depth = 0
    const step = (by: number) => (event: DragEvent) => {
      if (!carriesFiles(event.dataTransfer)) return
      depth = Math.max(0, depth + by)
      over(depth > 0)
    }
    element.addEventListener('dragenter', step(1), { signal })
    element.addEventListener('dragleave', step(-1), { signal })
    element.addEventListener(
      'dragover',
      (event) => {
        if (!carriesFiles(event.dataTransfer)) return
        event.preventDefault()
        event.dataTransfer.dropEffect = 'copy'
      },
      { signal },
    )
    element.addEventListener(
      'drop',
      (event) => {
        depth = 0
        over(false)
        if (!carriesFiles(event.dataTransfer)) return
        event.preventDefault()
        event.stopPropagation()
        drop(sortDropped(itemsOf(event.dataTransfer)))
      },
      { signal },
    )
    return () => abort.abort()
  }
}
