/** Processors that a machine may have: what CPUID says and which instructions exist (Intel AP-485, SDM vol 2A CPUID). */

export type CpuProfileId = '386' | '486' | 'pentium' | 'pentium2' | 'pentium3' | 'pentium4' | 'max'

export interface CpuProfile {
  readonly id: CpuProfileId
  readonly label: string
  /** Family, model and stepping: EDX after reset, EAX of CPUID leaf 1. */
  readonly signature: number
  readonly vendor: string
  readonly brand: string
  /** Highest basic CPUID leaf; 0 where CPUID does not exist (then EFLAGS.ID cannot be set). */
  readonly maxLeaf: number
  readonly featuresEdx: number
  readonly featuresEcx: number
  /** Nominal frequency of the time-stamp counter. */
  readonly clockHz: number
  /** Features (RowOptions.feature) that it lacks. */
  readonly disabledFeatures: ReadonlySet<string>
}

const FPU = 1
const PSE = 1 << 3
const TSC = 1 << 4
const MSR = 1 << 5
const PAE = 1 << 6
const CX8 = 1 << 8
const SEP = 1 << 11
const PGE = 1 << 13
const CMOV = 1 << 15
const PAT = 1 << 16
const PSE36 = 1 << 17
const CLFSH = 1 << 19
const MMX = 1 << 23
const FXSR = 1 << 24
const SSE = 1 << 25
const SSE2 = 1 << 26
const DE = 1 << 2
const ALL = [
  '486',
  'cpuid',
  'pentium',
  'ppro',
  'sep',
  'mmx',
  'fxsr',
  'sse',
  'sse2',
  'sse3',
  'ssse3',
  'sse41',
  'sse42',
  'popcnt',
  'movbe',
  'clflush',
] as const

function profile(
  id: CpuProfileId,
  label: string,
  options: {
    signature: number
    brand: string
    maxLeaf: number
    edx: number
    ecx?: number
    clockHz: number
    has: readonly (typeof ALL)[number][]
  },
): CpuProfile {
  return {
    id,
    label,
    signature: options.signature,
    vendor: 'GenuineIntel',
    brand: options.brand,
    maxLeaf: options.maxLeaf,
    featuresEdx: options.edx,
    featuresEcx: options.ecx ?? 0,
    clockHz: options.clockHz,
    disabledFeatures: new Set(ALL.filter((f) => !options.has.includes(f))),
  }
}

const P5 = FPU | DE | PSE | TSC | MSR | CX8
const P6 = P5 | PAE | SEP | PGE | CMOV | PAT | PSE36 | MMX | FXSR

/** All profiles, slowest first. CPUID leaves stay at most 2 up to the Pentium III: NT 4 stops on more. */
export const CPU_PROFILES: Readonly<Record<CpuProfileId, CpuProfile>> = {
  '386': profile('386', 'Intel 386 DX', { signature: 0x308, brand: '', maxLeaf: 0, edx: 0, clockHz: 33e6, has: [] }),
  '486': profile('486', 'Intel 486 DX2', {
    signature: 0x435,
    brand: '',
    maxLeaf: 1,
    edx: FPU,
    clockHz: 66e6,
    has: ['486', 'cpuid'],
  }),
  pentium: profile('pentium', 'Intel Pentium', {
    signature: 0x52c,
    brand: '',
    maxLeaf: 1,
    edx: P5,
    clockHz: 133e6,
    has: ['486', 'cpuid', 'pentium'],
  }),
  pentium2: profile('pentium2', 'Intel Pentium II', {
    signature: 0x652,
    brand: '',
    maxLeaf: 2,
    edx: P6,
    clockHz: 400e6,
    has: ['486', 'cpuid', 'pentium', 'ppro', 'sep', 'mmx', 'fxsr'],
  }),
  pentium3: profile('pentium3', 'Intel Pentium III', {
    signature: 0x68a,
    brand: '',
    maxLeaf: 2,
    edx: P6 | SSE,
    clockHz: 1000e6,
    has: ['486', 'cpuid', 'pentium', 'ppro', 'sep', 'mmx', 'fxsr', 'sse'],
  }),
  pentium4: profile('pentium4', 'Intel Pentium 4', {
    signature: 0xf29,
    brand: 'Intel(R) Pentium(R) 4 CPU 2.00GHz',
    maxLeaf: 2,
    edx: P6 | SSE | SSE2 | CLFSH,
    clockHz: 2000e6,
    has: ['486', 'cpuid', 'pentium', 'ppro', 'sep', 'mmx', 'fxsr', 'sse', 'sse2', 'clflush'],
  }),
  max: profile('max', 'Everything Vitrine has', {
    signature: 0x6fb,
    brand: 'Vitrine virtual processor',
    maxLeaf: 2,
    edx: P6 | SSE | SSE2 | CLFSH,
    ecx: 1 | (1 << 9) | (1 << 19) | (1 << 20) | (1 << 22) | (1 << 23),
    clockHz: 1000e6,
    has: ALL,
  }),
}
