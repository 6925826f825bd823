/**
 * Rows of a caption pool, as many as asked for, for benchmarks of matching, memory and scaling where no crawl file is
 * needed. Differs from a real pool: texts are words in random order, so n-grams and language are only roughly those
 * of the web, and no row is damaged.
 */
import { createRandom } from '../fixtures/seeded-random.ts';
import { drawTextLength, englishWords, FOREIGN_SOURCES, writeText } from './synthetic-words.ts';

/** One row, as img2dataset names its columns. */
export interface CaptionRow {
  readonly url: string;
  readonly caption: string;
}

/** What the rows are like. */
export interface CaptionOptions {
  /** English words, most frequent first; see `loadVocabulary`. */
  readonly vocabulary: readonly string[];
  /** Rows to give; endless when absent. */
  readonly rowCount?: number;
  /** Share of rows in English; default 0.6. */
  readonly englishShare?: number;
  /** Share of rows that repeat an earlier row exactly; default 0.05. */
  readonly duplicateShare?: number;
}

/** Earlier rows that a repetition is drawn from: the memory of the generator. */
const REMEMBERED_ROWS = 1024;

/**
 * Gives rows one after another; equal seeds and options give equal rows.
 *
 * Memory: the vocabulary and 1,024 rows, whatever the number of rows.
 * @param seed - names the stream
 * @param options - vocabulary, number of rows and shares
 * @yields {CaptionRow} rows with an absolute url on the reserved domain `.example` and a text that is not empty
 */
export function* generateCaptionRows(
  seed: number,
  options: CaptionOptions,
): Generator<CaptionRow, void, undefined> {
  const { vocabulary, rowCount = Number.POSITIVE_INFINITY } = options;
  const { englishShare = 0.6, duplicateShare = 0.05 } = options;
  const random = createRandom(`captions-${seed}`);
  const english = englishWords(vocabulary);
  const remembered: CaptionRow[] = [];
  let madeCount = 0;
  for (let row = 0; row < rowCount; row++) {
    if (remembered.length > 0 && random.chance(duplicateShare)) {
      yield random.pick(remembered);
      continue;
    }
    const source = random.chance(englishShare) ? english : random.pick(FOREIGN_SOURCES);
    const host = random.zipf(20_000);
    const made: CaptionRow = {
      url: `https://cdn${host}.pool.example/${random.below(1000)}/${row.toString(36)}-${random.below(1_000_000)}.jpg`,
      caption: writeText(random, source, drawTextLength(random)),
    };
    remembered[madeCount++ % REMEMBERED_ROWS] = made;
    yield made;
  }
}
