/** Memory of the kernel `html-images`; known to src/curation/sources/html-image-kernel.ts. */

/** Where `emit` leaves its counts: rows, empty texts, images without a text, images without a link, rows with a relative link. */
export const COUNTS: i32 = 2048;
/** Of the image at hand: key, start and end of each text, 12 bytes a text. */
export const TEXTS: i32 = 2112;
/** Start and end of each tag, 8 bytes, counted from INPUT. */
export const RANGES: i32 = 4096;
export const MAX_TAGS: i32 = 8192;
/** What goes in front of a link from the root, and of one below the page's folder. */
export const ROOT: i32 = 69632;
export const FOLDER: i32 = 73728;
/** The columns of a batch, as in src/curation/pair-batch.ts. */
export const URL_OFFSETS: i32 = 77824;
export const TEXT_OFFSETS: i32 = 94224;
export const TEXT_KEYS: i32 = 110624;
export const PAGE_IDS: i32 = 114720;
/** Values of the image at hand whose bytes are not their text: the link, then up to three texts. */
export const SCRATCH: i32 = 131136;
export const SCRATCH_BYTES: i32 = 16384;
export const URL_BYTES: i32 = 196672;
export const TEXT_BYTES: i32 = 1769536;
/** Bytes for urls and for texts; the last 64 KiB are for what a copy in steps of 16 bytes writes too much. */
export const COLUMN_BYTES: i32 = 1507328;
/** The page, at most 4 MiB, in an encoding in which the bytes below 0x80 are ASCII and nothing else; 32 readable bytes behind it. */
export const INPUT: i32 = 3342400;
