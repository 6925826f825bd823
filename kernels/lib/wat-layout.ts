/** The part of `wat-links` in the memory of a reader, beside the batch; known to src/curation/sources/wat-link-kernel.ts. */

/** Where `emit` leaves its counts: rows, empty texts, images without one, rows whose link was relative. */
export const COUNTS: i32 = 2048;
/** Start and end of the fields of the image at hand as they go into the batch: where they stand, or without their escapes at STACK. */
export const CLEAN: i32 = 2112;
/** One byte for each open container. */
export const STACK: i32 = 4096;
export const STACK_BYTES: i32 = 61440;
/** Four bytes an image. */
export const KINDS: i32 = 65536;
export const MAX_IMAGES: i32 = 16384;
/** Four times start and end, 32 bytes an image. */
export const RANGES: i32 = 131072;

export const FIELD_ABSENT: u8 = 0;
export const FIELD_NULL: u8 = 1;
export const FIELD_NO_STRING: u8 = 2;
export const FIELD_PLAIN: u8 = 3;
export const FIELD_ESCAPED: u8 = 4;

export const KEY_URL: i32 = 0;
