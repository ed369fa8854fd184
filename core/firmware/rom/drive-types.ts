/**
 * Fixed disk types 1 to 45 of AT-compatible BIOSes: cylinders, heads, write precompensation cylinder (FFFFh none), landing
 * zone; all with 17 sectors a track. Types 1 to 15 are IBM's (PC AT Technical Reference); 46 and 47 are the machine's drives.
 */
const TYPES: readonly (readonly [number, number, number, number])[] = [
  [306, 4, 128, 305],
  [615, 4, 300, 615],
  [615, 6, 300, 615],
  [940, 8, 512, 940],
  [940, 6, 512, 940],
  [615, 4, 0xffff, 615],
  [462, 8, 256, 511],
  [733, 5, 0xffff, 733],
  [900, 15, 0xffff, 901],
  [820, 3, 0xffff, 820],
  [855, 5, 0xffff, 855],
  [855, 7, 0xffff, 855],
  [306, 8, 128, 319],
  [733, 7, 0xffff, 733],
  [0, 0, 0, 0],
  [612, 4, 0, 663],
  [977, 5, 300, 977],
  [977, 7, 0xffff, 977],
  [1024, 7, 512, 1023],
  [733, 5, 300, 732],
  [733, 7, 300, 732],
  [733, 5, 300, 733],
  [306, 4, 0, 336],
  [925, 7, 0, 925],
  [925, 9, 0xffff, 925],
  [754, 7, 754, 754],
  [754, 11, 0xffff, 754],
  [699, 7, 256, 699],
  [823, 10, 0xffff, 823],
  [918, 7, 918, 918],
  [1024, 11, 0xffff, 1024],
  [1024, 15, 0xffff, 1024],
  [1024, 5, 1024, 1024],
  [612, 2, 128, 612],
  [1024, 9, 0xffff, 1024],
  [1024, 8, 512, 1024],
  [615, 8, 128, 615],
  [987, 3, 987, 987],
  [987, 7, 987, 987],
  [820, 6, 820, 820],
  [977, 5, 977, 977],
  [981, 5, 981, 981],
  [830, 7, 512, 830],
  [830, 10, 0xffff, 830],
  [917, 15, 0xffff, 918],
]

/** One 16-byte drive table (PC AT Technical Reference, "Fixed Disk Parameter Table"). */
export function encodeDriveTable(
  cylinders: number,
  heads: number,
  sectors: number,
  precompensation = 0xffff,
  landing = cylinders,
): number[] {
  const word = (value: number) => [value & 0xff, value >>> 8]
  const control = heads > 8 ? 8 : 0
  return [...word(cylinders), heads, 0, 0, ...word(precompensation), 0, control, 0, 0, 0, ...word(landing), sectors, 0]
}

/** The bytes of types 1 to 45. */
export function standardDriveTables(): number[] {
  return TYPES.flatMap(([cylinders, heads, precompensation, landing]) =>
    cylinders ? encodeDriveTable(cylinders, heads, 17, precompensation, landing) : new Array(16).fill(0),
  )
}
