/** The charts: what each shows, of a machine and of the host. */
import type { HostSample, MachineSample } from '../../../core/contract/stats.ts'
import { strings } from '../../strings/en.ts'
import { formatBytes, formatMips, formatPercent } from '../../strings/format.ts'
import type { ChartShape } from './samples.ts'

const texts = strings.activity
const perSecond = (bytes: number) => texts.perSecond(formatBytes(Math.round(bytes)))

export const machineCharts: readonly ChartShape<MachineSample>[] = [
  {
    id: 'processor',
    title: texts.processor,
    max: 1,
    lines: [
      { label: texts.ofOneCore, color: 'chart-1', read: ({ hostLoad }) => hostLoad, format: formatPercent },
      { label: texts.guestBusy, color: 'chart-2', read: ({ idle }) => 1 - idle, format: formatPercent },
    ],
  },
  {
    id: 'speed',
    title: texts.speed,
    least: 10,
    lines: [{ label: texts.speed, color: 'chart-1', read: ({ speedMips }) => speedMips, format: formatMips }],
  },
  {
    id: 'memory',
    title: texts.memory,
    lines: [
      { label: texts.onThisComputer, color: 'chart-3', read: ({ memoryBytes }) => memoryBytes, format: formatBytes },
    ],
  },
  {
    id: 'disk',
    title: texts.disk,
    least: 2 ** 16,
    lines: [
      { label: texts.read, color: 'chart-1', read: ({ readBytes }) => readBytes, format: perSecond },
      { label: texts.written, color: 'chart-2', read: ({ writtenBytes }) => writtenBytes, format: perSecond },
    ],
  },
]

export const hostCharts: readonly ChartShape<HostSample>[] = [
  {
    id: 'processor',
    title: texts.processor,
    max: 1,
    lines: [
      { label: texts.everything, color: 'chart-4', read: ({ cpu }) => cpu, format: formatPercent },
      { label: strings.appName, color: 'chart-1', read: ({ ownCpu }) => ownCpu, format: formatPercent },
    ],
  },
  {
    id: 'memory',
    title: texts.memory,
    lines: [
      {
        label: texts.everything,
        color: 'chart-4',
        read: ({ memoryTotalBytes, memoryFreeBytes }) => memoryTotalBytes - memoryFreeBytes,
        format: formatBytes,
      },
      {
        label: strings.appName,
        color: 'chart-1',
        read: ({ ownMemoryBytes }) => ownMemoryBytes,
        format: formatBytes,
      },
      {
        label: texts.promised,
        color: 'chart-3',
        read: ({ machinesMemoryBytes }) => machinesMemoryBytes,
        format: formatBytes,
      },
    ],
  },
  {
    id: 'disk',
    title: texts.disk,
    least: 2 ** 16,
    lines: [
      { label: texts.read, color: 'chart-1', read: ({ readBytes }) => readBytes, format: perSecond },
      { label: texts.written, color: 'chart-2', read: ({ writtenBytes }) => writtenBytes, format: perSecond },
    ],
  },
]
