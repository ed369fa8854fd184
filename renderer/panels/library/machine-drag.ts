/** Machines that are dragged within the library. */
import type { Attachment } from 'svelte/attachments'

const TYPE = 'application/x-vitrine-machines'

export function carryMachines(transfer: DataTransfer | null, ids: readonly string[]): void {
  transfer?.setData(TYPE, JSON.stringify(ids))
  if (transfer) transfer.effectAllowed = 'move'
}

function machinesOf(transfer: DataTransfer): readonly string[] {
  const ids: unknown = JSON.parse(transfer.getData(TYPE) || '[]')
  return Array.isArray(ids) ? ids.filter((id) => typeof id === 'string') : []
}

export interface MachineDropHandlers {
  over(isOver: boolean): void
  drop(ids: readonly string[]): unknown
}

/** Makes an element take machines. */
export function machineDropTarget({ over, drop }: MachineDropHandlers): Attachment<HTMLElement> {
  return (element) => {
    const abort = new AbortController()
    const { signal } = abort
    let depth = 0
    const carries = ({ dataTransfer }: DragEvent) => dataTransfer?.types.includes(TYPE) ?? false
    const step = (by: number) => (event: DragEvent) => {
      if (!carries(event)) return
      depth = Math.max(0, depth + by)
      over(depth > 0)
    }
    // A drag that ends elsewhere does not leave.
    const end = () => {
      if (depth === 0) return
      depth = 0
      over(false)
    }
    window.addEventListener('dragend', end, { signal })
    window.addEventListener('drop', end, { signal, capture: true })
    element.addEventListener('dragenter', step(1), { signal })
    element.addEventListener('dragleave', step(-1), { signal })
    element.addEventListener(
      'dragover',
      (event) => {
        if (!carries(event)) return
        event.preventDefault()
        event.stopPropagation()
        if (event.dataTransfer) event.dataTransfer.dropEffect = 'move'
      },
      { signal },
    )
    element.addEventListener(
      'drop',
      (event) => {
        if (!carries(event) || !event.dataTransfer) return
        event.preventDefault()
        event.stopPropagation()
        drop(machinesOf(event.dataTransfer))
      },
      { signal },
    )
    return () => abort.abort()
  }
}
