/** The manifest of a labelled folder, as JSON lines and as CSV. */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { produceFile } from '../../common/files.ts';
import type { Split } from './split.ts';

/** What became of one image. */
export interface ManifestRow {
  /** Path below the folder that was labelled. */
  readonly image: string;
  readonly status: 'labelled' | 'unlabelled' | 'duplicate' | 'refused';
  /** Most probable class, also where it is below the confidence. */
  readonly class: string | null;
  readonly confidence: number | null;
  readonly similarity: number | null;
  readonly prompt: string | null;
  readonly split: Split | null;
  /** Path below the output folder. */
  readonly file: string | null;
  readonly sha256: string;
  /** Why it was not used. */
  readonly reason: string | null;
}

const COLUMNS = [
  'image',
  'status',
  'class',
  'confidence',
  'similarity',
  'prompt',
  'split',
  'file',
  'sha256',
  'reason',
] as const satisfies readonly (keyof ManifestRow)[];

const FLUSH_CHARS = 1 << 16;

/** Takes rows one after the other; memory is some rows. */
export class ManifestWriter {
  readonly #files: readonly {
    readonly text: (row: ManifestRow) => string;
    readonly write: (text: string) => Promise<unknown>;
  }[];
  readonly #buffers = ['', ''];

  private constructor(writes: readonly ((text: string) => Promise<unknown>)[]) {
    const forms = [jsonLine, csvLine];
    this.#files = writes.map((write, at) => ({ write, text: forms[at] ?? jsonLine }));
  }

  /**
   * @param folder - gets `manifest.jsonl` and `manifest.csv` when `use` has returned
   * @param use - gives the rows
   * @returns what `use` returned
   * @throws {@link MetaclipError} `E_DISK_FULL`, `E_OUTPUT_UNWRITABLE`, and what `use` throws; then there is no manifest
   */
  static async write<T>(folder: string, use: (manifest: ManifestWriter) => Promise<T>): Promise<T> {
    const { result } = await produceFile(join(folder, 'manifest.jsonl'), async (jsonPath) => {
      const { result: inner } = await produceFile(join(folder, 'manifest.csv'), async (csvPath) => {
        const handles = [await open(jsonPath, 'wx'), await open(csvPath, 'wx')];
        try {
          const manifest = new ManifestWriter(handles.map((handle) => (text) => handle.appendFile(text)));
          manifest.#buffers[1] = `${COLUMNS.join(',')}\r\n`;
          const value = await use(manifest);
          await manifest.#flush(0);
          return value;
        } finally {
          for (const handle of handles) await handle.close();
        }
      });
      return inner;
    });
    return result;
  }

  /**
   * @param row - next row
   */
  async add(row: ManifestRow): Promise<void> {
    this.#files.forEach(({ text }, at) => (this.#buffers[at] = (this.#buffers[at] ?? '') + text(row)));
    await this.#flush(FLUSH_CHARS);
  }

  async #flush(limit: number): Promise<void> {
    for (const [at, { write }] of this.#files.entries()) {
      const text = this.#buffers[at] ?? '';
      if (text.length <= limit) continue;
      this.#buffers[at] = '';
      await write(text);
    }
  }
}

function jsonLine(row: ManifestRow): string {
  return `${JSON.stringify(Object.fromEntries(COLUMNS.map((name) => [name, row[name]])))}\n`;
}

/** RFC 4180: quotes around what needs them, doubled inside; empty for null. */
function csvLine(row: ManifestRow): string {
  const cells = COLUMNS.map((name) => {
    const text = String(row[name] ?? '');
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  });
  return `${cells.join(',')}\r\n`;
}
