/** What is used of the package, which has no types of its own. */
declare module 'unbzip2-stream' {
  /** @returns a decoder: write compressed chunks, then end; it emits `data` and `error` at once, in the same call */
  export default function unbzip2Stream(): NodeJS.ReadWriteStream;
}
