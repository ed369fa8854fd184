declare module 'unbzip2-stream' {
  /** A stream of the older kind: writable and readable, with `pause` and `resume`. */
  function unbzip2Stream(): NodeJS.ReadWriteStream
  export = unbzip2Stream
}
