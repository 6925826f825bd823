/**
 * A Parquet file written batch by batch from Arrow record batches, by parquet-wasm. Each batch becomes one row group.
 *
 * Why this writer: it takes UTF-8 bytes and offsets as they lie, so no string is made (1 M pairs of 213 MB: 1.5 s as
 * LZ4, 3.4 s as zstd; DuckDB fed through a table function, which needs strings, 5.7 s). Final shards are written by
 * DuckDB, which copies Parquet to Parquet natively.
 *
 * Memory: one batch, about three times (Arrow, IPC copy in WebAssembly memory, encoded pages).
 */
import { type FileHandle, open } from 'node:fs/promises';
import type { RecordBatch } from 'apache-arrow';
import * as parquet from 'parquet-wasm/node';
import { Table as ArrowTable, tableToIPC } from '../../common/arrow.ts';
import { describeSystemError } from '../../common/errors.ts';
import { canonicalJson } from '../../common/hashing.ts';
import { FOOTER_KEY } from '../../common/parquet/flat-parquet.ts';

/** Options of a {@link ParquetSink}. */
export interface ParquetSinkOptions {
  /** Written to the footer as JSON under {@link FOOTER_KEY}. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Upper limit of rows per row group; a batch must not be longer. */
  readonly rowGroupRows: number;
  /** Columns of hashes, which no codec makes smaller: they are stored as they are. */
  readonly hashColumns?: readonly string[];
}

/** Writes record batches to one file; `write` as often as needed, then `close`, or `abort`. */
export class ParquetSink {
  readonly #handle: FileHandle;
  readonly #path: string;
  readonly #batches: WritableStreamDefaultWriter<parquet.RecordBatch>;
  readonly #pump: Promise<void>;

  private constructor(
    handle: FileHandle,
    path: string,
    batches: WritableStreamDefaultWriter<parquet.RecordBatch>,
    pump: Promise<void>,
  ) {
    this.#handle = handle;
    this.#path = path;
    this.#batches = batches;
    this.#pump = pump;
  }

  /**
   * @param path - temporary path of a new file
   * @param options - footer metadata and row group size
   * @returns an open sink
   */
  static async create(path: string, options: ParquetSinkOptions): Promise<ParquetSink> {
    let builder = new parquet.WriterPropertiesBuilder()
      .setCompression(parquet.Compression.LZ4_RAW)
      .setDictionaryEnabled(false)
      // The least and greatest value of each column, for readers that skip by them: nobody does, and they take a fifth of the time.
      .setStatisticsEnabled(parquet.EnabledStatistics.None)
      .setMaxRowGroupSize(options.rowGroupRows)
      .setKeyValueMetadata(new Map([[FOOTER_KEY, canonicalJson(options.metadata)]]))
      .setCreatedBy('metaclip');
    for (const column of options.hashColumns ?? [])
      builder = builder.setColumnCompression(column, parquet.Compression.UNCOMPRESSED);
    const properties = builder.build();
    const handle = await open(path, 'wx');
    const { readable, writable } = new TransformStream<parquet.RecordBatch, parquet.RecordBatch>();
    const pump = (async () => {
      const encoded = (await parquet.transformParquetStream(
        readable,
        properties,
      )) as ReadableStream<Uint8Array>;
      for await (const chunk of encoded) await writeFully(handle, chunk);
    })();
    // The failure reaches the caller through write() or close(); this only keeps it from counting as unhandled.
    pump.catch(() => undefined);
    return new ParquetSink(handle, path, writable.getWriter(), pump);
  }

  /**
   * @param batch - copied before the promise settles; its buffers may be reused afterwards
   * @throws {@link MetaclipError} `E_DISK_FULL`
   */
  async write(batch: RecordBatch): Promise<void> {
    const table = parquet.Table.fromIPCStream(tableToIPC(new ArrowTable([batch]), 'stream'));
    const batches = table.recordBatches();
    table.free(); // WebAssembly memory grows without end unless each table is freed
    // The pump only settles early when it failed.
    for (const part of batches) await this.#guard(Promise.race([this.#batches.write(part), this.#pump]));
  }

  /** Writes the footer and closes the file. */
  async close(): Promise<void> {
    await this.#guard(
      (async () => {
        await Promise.race([this.#batches.close(), this.#pump]);
        await this.#pump;
      })(),
    );
    await this.#handle.close();
  }

  /** Closes the file without finishing it; the caller removes it. */
  async abort(): Promise<void> {
    await this.#batches.abort().catch(() => undefined);
    await this.#pump.catch(() => undefined);
    await this.#handle.close().catch(() => undefined);
  }

  async #guard(step: Promise<unknown>): Promise<void> {
    try {
      await step;
    } catch (error) {
      throw describeSystemError(error, this.#path, 'write');
    }
  }
}

async function writeFully(handle: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let done = 0; done < chunk.length;) {
    const { bytesWritten } = await handle.write(chunk, done, chunk.length - done);
    if (bytesWritten === 0) throw Object.assign(new Error('short write'), { code: 'ENOSPC' });
    done += bytesWritten;
  }
}
