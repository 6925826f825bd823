/**
 * The match stage for one input file: extract, match, filter, write. Questions are asked in the order of their price, so
 * the language model sees only texts that match and pass the drop list.
 */
import { rm } from 'node:fs/promises';
import { MetaclipError } from '../../common/errors.ts';
import { commitFile, ensureFolder, temporaryPathFor } from '../../common/files.ts';
import { DropFilter } from '../drop-list.ts';
import { DROP_LIST_REASON, LANGUAGE_REASON, NO_MATCH_REASON, UNREADABLE_REASON } from '../drop-reasons.ts';
import { LanguageIdentifier } from '../language/identify-language.ts';
import { openLidModel } from '../language/lid-model.ts';
import { attachAutomaton } from '../match/automaton.ts';
import { Matcher } from '../match/matcher.ts';
import { MatchedWriter } from '../matched/matched-writer.ts';
import type { PairBatch } from '../pair-batch.ts';
import { RunLayout } from '../run/layout.ts';
import { openPairReader } from '../sources/open-input.ts';
import { DropLog } from '../sources/source.ts';
import type { BareResult, JobContext, MatchJob } from './job.ts';
import { PROGRESS } from './progress-counters.ts';

/** Failures of one input that must not end a run over 90,000 of them; anything else ends it. */
const FILE_FAILURES: ReadonlySet<string> = new Set(['E_INPUT_UNREADABLE', 'E_FORMAT_UNKNOWN']);

/**
 * Memory: one batch, one block of matched rows, and what the reader of the format states.
 *
 * @param job - input file and options
 * @param context - automaton, language model, progress counters
 * @returns report with `pairs` (read), `matched` (kept rows), `matches`, and drops by reason
 * @throws {@link MetaclipError} `E_COLUMN_MISSING`, `E_DISK_FULL`, `E_OUTPUT_UNWRITABLE`
 */
export async function matchJob(job: MatchJob, context: JobContext): Promise<BareResult> {
  const layout = new RunLayout(job.root);
  const paths = [layout.matched(job.task), layout.keys(job.task)] as const;
  await ensureFolder(layout.outputFolders[1] ?? layout.root);
  const temporaries = [temporaryPathFor(paths[0]), temporaryPathFor(paths[1])] as const;
  const drops = new DropLog();
  const filter = new PairFilter(job, context, drops);
  const progress = new BigInt64Array(context.progress);
  let failure: { code: string; message: string } | undefined;
  try {
    const writer = new MatchedWriter({
      parquetPath: temporaries[0],
      keysPath: temporaries[1],
      metadata: job.footer,
    });
    try {
      const reader = openPairReader(job.format);
      const batches = reader(job.path, {
        compat: job.compat,
        drops,
        onBytes: (byteCount) => Atomics.add(progress, PROGRESS.bytes, BigInt(byteCount)),
        ...(job.urlColumn === null ? {} : { urlColumn: job.urlColumn }),
        ...(job.textColumn === null ? {} : { textColumn: job.textColumn }),
      });
      try {
        for await (const batch of batches) {
          const matchedBefore = filter.matchedCount;
          for (let row = 0; row < batch.rowCount; row++) {
            const idCount = filter.accept(batch, row);
            if (idCount === 0) continue;
            writer.append(batch, row, filter.ids, idCount);
            const flushed = writer.flushIfFull();
            if (flushed !== undefined) await flushed;
          }
          writer.endBatch();
          Atomics.add(progress, PROGRESS.pairs, BigInt(batch.rowCount));
          Atomics.add(progress, PROGRESS.matched, BigInt(filter.matchedCount - matchedBefore));
        }
      } catch (error) {
        if (!(error instanceof MetaclipError) || !FILE_FAILURES.has(error.code)) throw error;
        failure = { code: error.code, message: error.message };
        drops.drop(UNREADABLE_REASON, -1, -1, error.message);
      }
      const totals = await writer.close();
      const outputs = [
        { path: paths[0], sizeBytes: await commitFile(temporaries[0], paths[0]) },
        { path: paths[1], sizeBytes: await commitFile(temporaries[1], paths[1]) },
      ];
      filter.reportDrops();
      return {
        outputs,
        totals: { pairs: filter.pairCount, matched: totals.rowCount, matches: totals.matchCount },
        drops: Object.fromEntries([...drops.counts].sort(([a], [b]) => (a < b ? -1 : 1))),
        samples: drops.samples,
        ...(failure === undefined ? {} : { failure }),
      };
    } catch (error) {
      await writer.abort();
      throw error;
    }
  } finally {
    for (const path of temporaries) await rm(path, { force: true });
  }
}

/** Asks of each pair whether it goes on, and counts why not. */
class PairFilter {
  pairCount = 0;
  matchedCount = 0;
  readonly #matcher: Matcher;
  readonly #language: LanguageIdentifier | null;
  readonly #langThreshold: number;
  readonly #dropFilter: DropFilter | null;
  readonly #drops: DropLog;
  #noMatch = 0;

  constructor(job: MatchJob, context: JobContext, drops: DropLog) {
    if (context.automaton === null) throw new Error('a match job needs an automaton');
    this.#matcher = new Matcher(attachAutomaton(context.automaton));
    this.#language =
      job.lang === 'off' || context.languageModel === null
        ? null
        : new LanguageIdentifier(openLidModel(context.languageModel));
    this.#langThreshold = job.langThreshold;
    this.#dropFilter = job.dropList === null ? null : new DropFilter(job.dropList);
    this.#drops = drops;
  }

  /** Entry ids of the last accepted pair. */
  get ids(): Uint32Array {
    return this.#matcher.ids;
  }

  /** Returns the number of matches of a pair that goes on, else 0. */
  accept(batch: PairBatch, row: number): number {
    this.pairCount++;
    const start = batch.textOffsets[row] ?? 0;
    const end = batch.textOffsets[row + 1] ?? 0;
    const idCount = this.#matcher.matchBytes(batch.textBytes, start, end);
    if (idCount === 0) {
      this.#noMatch++;
      return 0;
    }
    if (this.#dropFilter !== null) {
      const { url, text } = batch.at(row);
      if (this.#dropFilter.rejects(url, text)) {
        this.#drops.drop(DROP_LIST_REASON, this.pairCount - 1, -1, `${url} ${text}`);
        return 0;
      }
    }
    if (this.#language?.isEnglish(batch.textBytes, start, end, this.#langThreshold) === false) {
      this.#drops.drop(LANGUAGE_REASON, this.pairCount - 1, -1, batch.at(row).text);
      return 0;
    }
    this.matchedCount++;
    return idCount;
  }

  reportDrops(): void {
    this.#drops.add(NO_MATCH_REASON, this.#noMatch);
  }
}
