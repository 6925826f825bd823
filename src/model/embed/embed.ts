/** Embeds many images or texts to files, part by part, so that an interrupted call can be taken up. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { MetaclipError } from '../../common/errors.ts';
import { readJsonFile, removeStaleTemporaries, writeFileAtomic } from '../../common/files.ts';
import { TOOL_VERSION } from '../../common/version.ts';
import type { ImageSource } from '../encode/image-source.ts';
import { checkInterrupted, type EmbeddedImage } from '../encode/image-stream.ts';
import { claimOutputFolder, finishOutputFolder } from '../output-folder.ts';
import { countReason, refusalReason, type RefusedImage, sortedReasons } from '../refusals.ts';
import type { Embeddings } from '../score/embeddings.ts';
import { type EmbedInput, type EmbedItems, listEmbedItems, partKey, readCaption } from './embed-items.ts';
import { parquetOf, type TableColumn } from './embedding-table.ts';
import { type EmbeddingDtype, npyOf } from './npy.ts';

/** What embedding asks of a model. */
export interface EmbeddingModel {
  readonly fingerprint: string;
  readonly dimension: number;
  embedText(texts: readonly string[], options: { readonly signal?: AbortSignal }): Promise<Embeddings>;
  embedImages(
    images: Iterable<ImageSource>,
    options: { readonly signal?: AbortSignal },
  ): AsyncIterable<EmbeddedImage>;
}

/** Layouts of the output. */
export const EMBED_FORMATS = ['npy', 'parquet'] as const;
/** See {@link EMBED_FORMATS}. */
export type EmbedFormat = (typeof EMBED_FORMATS)[number];

/** Options of {@link embed}. */
export interface EmbedOptions extends EmbedInput {
  /** Output folder: new, empty, or of a call with the same input and options. */
  readonly out: string;
  /**
   * `npy` (default): clip-retrieval's layout, `img_emb/img_emb_0.npy`, `text_emb/text_emb_0.npy`, `metadata/metadata_0.parquet`.
   * `parquet`: `embeddings/embeddings_0.parquet` with names and a fixed-size list of float32.
   */
  readonly format?: EmbedFormat;
  /** Stored type for `npy`. Default float32; float16 halves the files and keeps about three decimal digits. */
  readonly dtype?: EmbeddingDtype;
  /** Images or texts of a part: the unit of files, memory and restart. Default 10,000. */
  readonly partSize?: number;
  readonly signal?: AbortSignal;
  /** Called after each image, and after each part of texts. */
  readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void;
}

/** What a call did. */
export interface EmbedSummary {
  readonly out: string;
  /** Rows in the files, those of earlier calls included. */
  readonly rows: number;
  readonly dimension: number;
  readonly parts: number;
  /** Parts that were finished by an earlier call. */
  readonly keptParts: number;
  /** Images that could not be used, by reason; each stands in `refused.jsonl`. */
  readonly refused: Readonly<Record<string, number>>;
}

interface PartMarker {
  readonly key: string;
  readonly rows: number;
  readonly refused: readonly RefusedImage[];
}

const STATE_FILE = 'embed.json';
const PART_FOLDERS = ['', 'done', 'img_emb', 'text_emb', 'metadata', 'embeddings'];
const MAX_PART_SIZE = 1_000_000;

/**
 * Embeds images (with or without captions) or texts. Each part is written under temporary names and has a marker written last,
 * so a killed call goes on with the same command; equal input, options and machine give equal bytes.
 *
 * Memory: the names (or texts) of the input, the embeddings of one part, some batches of images.
 *
 * @param model - what embeds
 * @param options - input, output and form
 * @returns counts
 * @throws {@link MetaclipError} `E_USAGE`, `E_INPUT_NOT_FOUND`, `E_INPUT_EMPTY`, `E_OUTPUT_NOT_EMPTY`, `E_RUN_MISMATCH`, `E_MODEL_MISSING`,
 *   `E_OUTPUT_UNWRITABLE`, `E_DISK_FULL`, `E_INTERRUPTED`
 */
export async function embed(model: EmbeddingModel, options: EmbedOptions): Promise<EmbedSummary> {
  const { out, format = 'npy', dtype = 'float32', partSize = 10_000, signal } = options;
  checkOptions(format, dtype, partSize);
  const items = await listEmbedItems(options);
  const settings = {
    version: TOOL_VERSION,
    model: model.fingerprint,
    format,
    dtype,
    partSize,
    captions: items.captions,
    count: items.count,
    input: items.fingerprint,
  };
  await claimOutputFolder(out, STATE_FILE, settings);
  for (const name of PART_FOLDERS) removeStaleTemporaries(join(out, name));
  const parts = Math.ceil(items.count / partSize);
  // As clip-retrieval numbers its parts: as many digits as the number of parts has.
  const digits = String(parts).length;
  const refused: RefusedImage[] = [];
  const counts = new Map<string, number>();
  let [rows, keptParts, done] = [0, 0, 0];
  for (let part = 0; part < parts; part++) {
    checkInterrupted(signal);
    const [start, end] = [part * partSize, Math.min(items.count, (part + 1) * partSize)];
    const number = String(part).padStart(digits, '0');
    const markerPath = join(out, 'done', `part_${number}.json`);
    const key = await partKey(items, start, end);
    let marker = asMarker(await readJsonFile(markerPath));
    if (marker?.key === key) keptParts++;
    else {
      const embedded = await embedPart(model, items, start, end, {
        ...(signal === undefined ? {} : { signal }),
        onItem: (count) => options.onProgress?.({ done: done + count, total: items.count }),
      });
      const metadata = { model: model.fingerprint, version: TOOL_VERSION };
      for (const [path, bytes] of filesOf(embedded, format, dtype, number, metadata)) {
        await writeFileAtomic(join(out, path), bytes);
      }
      marker = { key, rows: embedded.rows, refused: embedded.refused };
      await writeFileAtomic(markerPath, `${JSON.stringify(marker)}\n`);
    }
    done += end - start;
    options.onProgress?.({ done, total: items.count });
    rows += marker.rows;
    for (const one of marker.refused) {
      refused.push(one);
      countReason(counts, one.reason);
    }
  }
  const list = refused.map((one) => `${JSON.stringify(one)}\n`).join('');
  if (list === '') await rm(join(out, 'refused.jsonl'), { force: true });
  else await writeFileAtomic(join(out, 'refused.jsonl'), list);
  const summary = { rows, dimension: model.dimension, parts, refused: sortedReasons(counts) };
  await finishOutputFolder(out, STATE_FILE, settings, summary);
  return { out, keptParts, ...summary };
}

/** A part in memory; columns are as long as there are rows. */
interface EmbeddedPart {
  readonly rows: number;
  readonly dimension: number;
  readonly names: readonly string[] | undefined;
  readonly captions: readonly string[] | undefined;
  readonly imageVectors: Float32Array | undefined;
  readonly textVectors: Float32Array | undefined;
  readonly refused: readonly RefusedImage[];
}

interface PartControl {
  readonly signal?: AbortSignal;
  readonly onItem: (count: number) => void;
}

async function embedPart(
  model: EmbeddingModel,
  items: EmbedItems,
  start: number,
  end: number,
  control: PartControl,
): Promise<EmbeddedPart> {
  const { dimension } = model;
  if (items.images.length === 0) {
    const texts = items.texts.slice(start, end);
    const { data } = await model.embedText(texts, control);
    return {
      rows: texts.length,
      dimension,
      names: undefined,
      captions: texts,
      imageVectors: undefined,
      textVectors: data,
      refused: [],
    };
  }
  const refused: RefusedImage[] = [];
  const asked: { name: string; path: string; caption: string }[] = [];
  for (const image of items.images.slice(start, end)) {
    const caption = items.captions ? await readCaption(image) : '';
    if (caption !== undefined) asked.push({ ...image, caption });
    else
      refused.push({ image: image.name, reason: 'no-caption', message: `${image.path}: no text beside it` });
  }
  const vectors = new Float32Array(asked.length * dimension);
  const names: string[] = [];
  const captions: string[] = [];
  const paths = asked.map(({ path }) => path);
  for await (const result of model.embedImages(paths, control)) {
    const { name, caption } = asked[result.index] ?? { name: '', caption: '' };
    if (result.ok) {
      vectors.set(result.embedding, names.length * dimension);
      names.push(name);
      captions.push(caption);
    } else {
      refused.push({ image: name, reason: refusalReason(result.error), message: result.error.message });
    }
    control.onItem(result.index + 1);
  }
  return {
    rows: names.length,
    dimension,
    names,
    captions: items.captions ? captions : undefined,
    imageVectors: vectors.subarray(0, names.length * dimension),
    textVectors: items.captions ? (await model.embedText(captions, control)).data : undefined,
    refused,
  };
}

/** The files of a part, by path below the output folder. */
function* filesOf(
  part: EmbeddedPart,
  format: EmbedFormat,
  dtype: EmbeddingDtype,
  number: string,
  metadata: Readonly<Record<string, string>>,
): Generator<[path: string, bytes: Uint8Array]> {
  const { dimension, imageVectors, textVectors } = part;
  const columns: TableColumn[] = [];
  if (part.names !== undefined) columns.push({ name: 'image_path', texts: part.names });
  if (part.captions !== undefined) columns.push({ name: 'caption', texts: part.captions });
  if (format === 'parquet') {
    if (imageVectors !== undefined)
      columns.push({ name: 'image_embedding', vectors: imageVectors, dimension });
    if (textVectors !== undefined) columns.push({ name: 'text_embedding', vectors: textVectors, dimension });
    yield [`embeddings/embeddings_${number}.parquet`, parquetOf(columns, part.rows, metadata)];
    return;
  }
  if (imageVectors !== undefined)
    yield [`img_emb/img_emb_${number}.npy`, npyOf(imageVectors, dimension, dtype)];
  if (textVectors !== undefined)
    yield [`text_emb/text_emb_${number}.npy`, npyOf(textVectors, dimension, dtype)];
  yield [`metadata/metadata_${number}.parquet`, parquetOf(columns, part.rows, metadata)];
}

function checkOptions(format: EmbedFormat, dtype: EmbeddingDtype, partSize: number): void {
  if (!Number.isInteger(partSize) || partSize < 1 || partSize > MAX_PART_SIZE) {
    throw new MetaclipError(
      'E_USAGE',
      `the part size must be a whole number from 1 to ${MAX_PART_SIZE}, got ${partSize}`,
      { hint: 'for example --part-size 10000' },
    );
  }
  if (format === 'parquet' && dtype !== 'float32') {
    throw new MetaclipError('E_USAGE', 'Parquet files hold float32 only: few readers know halves there', {
      hint: 'leave --dtype away, or use --format npy',
    });
  }
}

/** What a marker says; one that is none counts as absent, and its part is done again. */
function asMarker(value: unknown): PartMarker | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { key, rows, refused } = value as Partial<Record<keyof PartMarker, unknown>>;
  if (typeof key !== 'string' || typeof rows !== 'number' || !Array.isArray(refused)) return undefined;
  return { key, rows, refused: refused as readonly RefusedImage[] };
}
