/**
 * The part of `html-images` in the memory of a reader, beside the batch; known to src/curation/sources/html-image-kernel.ts. A page
 * is in an encoding in which the bytes below 0x80 are ASCII and nothing else, and has 64 readable bytes of any kind behind it.
 */

/** Where `emit` leaves its counts: rows, empty texts, images without a text, images without a link, rows with a relative link. */
export const COUNTS: i32 = 2048;
/** Of the image at hand: key, start and end of each text, 12 bytes a text. */
export const TEXTS: i32 = 2112;
/** Values of the image at hand whose bytes are not their text: the link, then up to three texts. */
export const SCRATCH: i32 = 65536;
export const SCRATCH_BYTES: i32 = 16384;
/** Start and end of each tag, 8 bytes. */
export const RANGES: i32 = 131072;
export const MAX_TAGS: i32 = 65536;
