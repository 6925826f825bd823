/** Where a reader of crawl files has its batch, and what goes in front of the links of a page; known to src/curation/sources/crawl-batch.ts. */

/** What goes in front of a link from the root, and of one below the page's folder. */
export const ROOT: i32 = 655360;
export const FOLDER: i32 = 659456;
/** The columns of a batch, as in src/curation/pair-batch.ts. */
export const URL_OFFSETS: i32 = 663552;
export const TEXT_OFFSETS: i32 = 679952;
export const TEXT_KEYS: i32 = 696352;
export const PAGE_IDS: i32 = 700448;
export const URL_BYTES: i32 = 720896;
export const TEXT_BYTES: i32 = 2293760;
/** Bytes for urls and for texts; 64 KiB behind them are for what a copy in steps of 16 bytes writes too much. */
export const COLUMN_BYTES: i32 = 1507328;

export const BATCH_ROWS: i32 = 4096;
export const BATCH_BYTES: i32 = 1048576;
