/** The one table from format to reader. Readers are loaded when first used, so a worker that reads WAT loads no DuckDB. */
import { MetaclipError } from '../../common/errors.ts';
import { detectFormat, INPUT_FORMATS, UNDERSTOOD_FORMATS, type InputFormat } from './detect-format.ts';
import type { CrawlMemory } from './crawl-memory.ts';
import type { PairFinder } from './crawl-pairs.ts';
import type { ExtractContext, PairReader } from './source.ts';

const READERS: Readonly<Record<InputFormat, () => Promise<PairReader>>> = {
  wat: async () => (await import('./wat.ts')).readWat,
  warc: async () => (await import('./warc.ts')).readWarc,
  parquet: async () => (await import('./parquet.ts')).readParquet,
  jsonl: async () => (await import('./jsonl.ts')).readJsonl,
  delimited: async () => (await import('./delimited.ts')).readDelimited,
  webdataset: async () => (await import('./webdataset.ts')).readWebdataset,
};

/**
 * Gives the reader of a format. Before the first batch it looks at the file's first bytes once more and refuses a file
 * that is something else than its name says (an HTML error page named `.jsonl`), so that such a file is told as what it
 * is and not as a thousand bad lines.
 *
 * @param format - one of INPUT_FORMATS
 * @returns the reader; it throws what the format's own reader throws, and E_INPUT_UNREADABLE for foreign content
 * @throws MetaclipError E_FORMAT_UNKNOWN when there is no such format
 */
export function openPairReader(format: string): PairReader {
  const known = INPUT_FORMATS.find((name) => name === format);
  if (known === undefined) {
    throw new MetaclipError('E_FORMAT_UNKNOWN', `no reader for the format "${format}"`, {
      hint: `understood are ${UNDERSTOOD_FORMATS}`,
      details: { format },
    });
  }
  return async function* read(path, context) {
    await refuseForeignContent(path);
    const reader = await READERS[known]();
    yield* reader(path, context);
  };
}

async function refuseForeignContent(path: string): Promise<void> {
  try {
    await detectFormat(path);
  } catch (error) {
    // A name that says nothing is no contradiction: the caller knows the format.
    if (!(error instanceof MetaclipError) || error.code !== 'E_FORMAT_UNKNOWN') throw error;
  }
}

/**
 * Gives what finds the pairs of records that a reader passed on; see {@link ExtractContext.relay}.
 *
 * @param format - `wat` or `warc`
 * @param memory - in which the records lie
 * @param context - compat mode, drops and limit
 * @returns the finder
 */
export async function openPairFinder(
  format: string,
  memory: CrawlMemory,
  context: ExtractContext,
): Promise<PairFinder> {
  if (format === 'wat') return (await import('./wat.ts')).findWatPairs(memory, context);
  if (format === 'warc') return (await import('./warc.ts')).findWarcPairs(memory, context);
  throw new Error(`files of the format ${format} have no records that can be passed on`);
}
