/** Labelled images, whatever they lie in. */

/** One image with the position of its label. */
export interface LabelledImage {
  /** For messages and tables: a path below the data set, a key in a tar, a row. */
  readonly name: string;
  /** Path of a file, or the bytes of one; the consumer's. */
  readonly image: string | Uint8Array;
  /** From 0. May lie outside the data set's labels: whoever scores it counts that. */
  readonly label: number;
}

/** A part of a data set that is evaluated, and noted as done, as one. */
export interface DataShard {
  /** Unique in the data set. */
  readonly name: string;
  /** Changes when the content does, as far as size and samples (files) or names, sizes and dates (folders) tell. */
  readonly fingerprint: string;
  /** Images in it where that is known without reading it; for progress. */
  readonly imageCount: number | undefined;
  /**
   * Reads the shard once.
   *
   * @param drops - counts what is left out
   */
  readonly read: (drops: DropCounts) => AsyncGenerator<LabelledImage, void, void>;
}

/** A data set. */
export interface DataSet {
  readonly format: 'folder' | 'webdataset' | 'parquet' | 'cifar';
  /** Name of its folder or file; for results. */
  readonly name: string;
  /** What the data call each label; null where labels are bare numbers. */
  readonly labels: readonly string[] | null;
  /** Names to prompt with that the data set brings; null where only `labels` may serve. */
  readonly classNames: readonly string[] | null;
  /** Templates that the data set brings. */
  readonly templates: readonly string[] | null;
  /** Key of the table of known data sets, where the format says which it is. */
  readonly preset: string | null;
  readonly shards: readonly DataShard[];
}

/** What is read of a data set. */
export interface DataSetOptions {
  /** `test` by default: the folder of a clip_benchmark layout or of an image folder with splits, the files of CIFAR, the Parquet
   * files whose name starts with it. */
  readonly split?: string;
  /** Parquet: column of the image; default `image`, `img`, or the only one with bytes. */
  readonly imageColumn?: string;
  /** Parquet: column of the label; default `label`, `labels`, `fine_label`, `cls`, `class`. */
  readonly labelColumn?: string;
}

/** Left-out images by reason. */
export class DropCounts {
  readonly counts = new Map<string, number>();
  /** The first few, for people. */
  readonly examples: { readonly image: string; readonly reason: string; readonly message: string }[] = [];

  /**
   * @param reason - short word
   * @param image - which
   * @param message - what was wrong with it
   */
  drop(reason: string, image: string, message: string): void {
    this.counts.set(reason, (this.counts.get(reason) ?? 0) + 1);
    if (this.examples.length < 10) this.examples.push({ image, reason, message });
  }
}

/** Bytes of the largest image inside a tar or a Parquet file. */
export const MAX_IMAGE_BYTES = 256 * 2 ** 20;

/**
 * @param label - folder name or string label
 * @returns as a prompt has it: underscores are spaces
 */
export function nameOfLabel(label: string): string {
  return label.replaceAll('_', ' ').replaceAll(/\s+/g, ' ').trim();
}
