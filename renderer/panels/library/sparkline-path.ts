/** The path of a line through `values` (0 to 1, the newest last), of which `samples` fill the width. */
export function sparklinePath(values: readonly number[], samples: number, width: number, height: number): string {
  const shown = values.slice(-samples)
  const step = width / (samples - 1)
  const left = width - (shown.length - 1) * step
  return shown
    .map((value, i) => {
      const y = (height - 1) * (1 - Math.min(1, Math.max(0, value))) + 0.5
      return `${i === 0 ? 'M' : 'L'}${Number((left + i * step).toFixed(1))} ${Number(y.toFixed(1))}`
    })
    .join('')
}
