/** Column names of the shards for the tools that read on. The rows are the same in every schema. */

/** Names accepted by `--schema`. */
export const SHARD_SCHEMAS = ['default', 'img2dataset', 'laion', 'datacomp', 'metaclip'] as const;

/**
 * `default` and `img2dataset`: uid, uuid, url, caption, text_key, lang, page_url, entry_ids, keep_prob (img2dataset's
 * column names `url` and `caption` are the default ones). `laion`: URL and TEXT in place of url and caption. `datacomp`:
 * uid, url, text, and `curated/uids.npy`. `metaclip`: JSON lines `{uuid, url, texts: [[key, text]], entry_ids}`.
 */
export type ShardSchema = (typeof SHARD_SCHEMAS)[number];

/** How a schema is written. */
export interface ShardFormat {
  readonly extension: '.parquet' | '.jsonl.gz';
  /** `SELECT` list over the columns of the matched file, `keep_prob` and `lang`. */
  readonly select: string;
}

const UID = 'lower(hex(uid)) AS uid';
const UUID = 'lower(hex(uuid)) AS uuid';
const REST = 'text_key, lang, page_url, entry_ids, keep_prob';

/** One row per schema. */
export const SHARD_FORMATS: Readonly<Record<ShardSchema, ShardFormat>> = Object.freeze({
  default: { extension: '.parquet', select: `${UID}, ${UUID}, url, caption, ${REST}` },
  img2dataset: { extension: '.parquet', select: `${UID}, ${UUID}, url, caption, ${REST}` },
  laion: { extension: '.parquet', select: `${UID}, ${UUID}, url AS "URL", caption AS "TEXT", ${REST}` },
  datacomp: { extension: '.parquet', select: `${UID}, url, caption AS text, ${UUID}, ${REST}` },
  metaclip: { extension: '.jsonl.gz', select: `${UUID}, url, [[text_key, caption]] AS texts, entry_ids` },
});
