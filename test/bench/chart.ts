/** Charts of measurements as SVG. */
import { parse, type Spec, View } from 'vega'
import type { Measurement } from './measurement.ts'

const INK = '#4a4f57'
/** Told apart by people who see few colours, too (Okabe and Ito's palette). */
const COLOURS = ['#0072b2', '#e69f00', '#009e73', '#cc79a7']

interface Bar {
  readonly kernel: string
  readonly contender: string
  /** Share of native speed, or how many times as fast as the last contender where native is missing. */
  readonly speed: number
}

/** The speed of each contender in units of the reference: native code where it was measured, else the last contender. */
export function bars({ contenders }: Measurement): { reference: string; bars: Bar[] } {
  const reference = contenders.find((c) => c.name === 'native') ?? contenders.at(-1)
  if (!reference) return { reference: '', bars: [] }
  const others = contenders.filter((c) => c !== reference)
  return {
    reference: reference.name,
    bars: Object.entries(reference.seconds).flatMap(([kernel, unit]) =>
      others.flatMap(({ name, seconds }) => {
        const own = seconds[kernel]
        return own === undefined ? [] : [{ kernel, contender: name, speed: unit / own }]
      }),
    ),
  }
}

function specification(measurement: Measurement): Spec {
  const { reference, bars: values } = bars(measurement)
  const axis = {
    labelColor: INK,
    titleColor: INK,
    domainColor: INK,
    tickColor: INK,
    labelFontSize: 12,
    titleFontSize: 12,
  }
  return {
    width: 900,
    height: 320,
    padding: 8,
    background: 'white',
    title: {
      text: `Speed in units of ${reference} (logarithmic; more is better)`,
      color: INK,
      fontSize: 14,
      anchor: 'start',
    },
    data: [{ name: 'bars', values }],
    scales: [
      { name: 'x', type: 'band', domain: { data: 'bars', field: 'kernel' }, range: 'width', padding: 0.2 },
      { name: 'y', type: 'log', domain: { data: 'bars', field: 'speed' }, range: 'height', nice: true },
      { name: 'colour', type: 'ordinal', domain: { data: 'bars', field: 'contender' }, range: COLOURS },
      {
        name: 'place',
        type: 'band',
        domain: { data: 'bars', field: 'contender' },
        range: { signal: `[0, bandwidth('x')]` },
      },
    ],
    axes: [
      { scale: 'x', orient: 'bottom', labelAngle: -40, labelAlign: 'right', ...axis },
      { scale: 'y', orient: 'left', grid: true, gridOpacity: 0.4, format: '~g', tickCount: 8, ...axis },
    ],
    legends: [{ fill: 'colour', orient: 'top', labelColor: INK, labelFontSize: 12, direction: 'horizontal' }],
    marks: [
      {
        type: 'rect',
        from: { data: 'bars' },
        encode: {
          enter: {
            x: { signal: `scale('x', datum.kernel) + scale('place', datum.contender)` },
            width: { signal: `bandwidth('place')` },
            y: { signal: `min(scale('y', datum.speed), height)` },
            y2: { signal: 'height' },
            fill: { scale: 'colour', field: 'contender' },
            description: { signal: `datum.contender + ' ' + datum.kernel + ' ' + format(datum.speed, '.3f')` },
          },
        },
      },
    ],
  }
}

/** The measurement as a chart. */
export function drawChart(measurement: Measurement): Promise<string> {
  return new View(parse(specification(measurement)), { renderer: 'none' }).toSVG()
}
