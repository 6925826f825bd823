/**
 * Asks of each pair whether it goes on, in the order of the questions' price: has it an entry, does the drop list take it,
 * is it in the language asked for. So the language model sees only texts that match.
 */
import { DropFilter } from '../drop-list.ts';
import { DROP_LIST_REASON, LANGUAGE_REASON, NO_MATCH_REASON } from '../drop-reasons.ts';
import { LanguageIdentifier } from '../language/identify-language.ts';
import type { LidMemory } from '../language/lid-memory.ts';
import { BatchMatcher } from '../match/batch-matcher.ts';
import { type PairColumns, pairAt } from '../pair-batch.ts';
import { type DropLog, SAMPLES_PER_REASON } from '../sources/source.ts';
import type { JobContext, MatchJob } from './job.ts';

let opened: { readonly memory: LidMemory; readonly identifier: LanguageIdentifier } | undefined;

/** One for all tasks of a thread: the scratch memory of its kernel is never given back. */
function identifierOfThread(memory: LidMemory): LanguageIdentifier {
  if (opened?.memory !== memory) opened = { memory, identifier: LanguageIdentifier.open(memory) };
  return opened.identifier;
}

/** Filters the pairs of one task and counts why they are left out. */
export class PairFilter {
  /** Pairs asked about. */
  pairCount = 0;
  /** Pairs that went on. */
  matchedCount = 0;
  readonly #matcher: BatchMatcher;
  readonly #language: LanguageIdentifier | null;
  readonly #langThreshold: number;
  readonly #dropFilter: DropFilter | null;
  readonly #drops: DropLog;
  #noMatch = 0;
  #batch: PairColumns | undefined;

  /**
   * @param job - options of the task
   * @param context - automaton and language model
   * @param drops - counts what is left out
   */
  constructor(job: MatchJob, context: JobContext, drops: DropLog) {
    if (context.automaton === null) throw new Error('a match job needs an automaton');
    this.#matcher = new BatchMatcher(context.automaton);
    this.#language =
      job.lang === 'off' || context.languageModel === null ? null : identifierOfThread(context.languageModel);
    this.#langThreshold = job.langThreshold;
    this.#dropFilter = job.dropList === null ? null : new DropFilter(job.dropList);
    this.#drops = drops;
  }

  /** @returns array with the entry ids of the pair accepted last, from {@link PairFilter.idStart} on; valid until the next one */
  get ids(): Uint32Array {
    return this.#matcher.ids;
  }

  /** @returns where in {@link PairFilter.ids} those of the pair accepted last start */
  get idStart(): number {
    return this.#matcher.idStart;
  }

  /**
   * @param batch - batch of pairs, which is not refilled
   * @param row - row of the pair; in ascending order
   * @returns number of entries of a pair that goes on, else 0
   */
  accept(batch: PairColumns, row: number): number {
    this.pairCount++;
    const start = batch.textOffsets[row] ?? 0;
    const end = batch.textOffsets[row + 1] ?? 0;
    const idCount = this.#matcher.matchRow(batch, row);
    if (idCount === 0) {
      this.#noMatch++;
      return 0;
    }
    if (this.#dropFilter !== null) {
      const { url, text } = pairAt(batch, row);
      if (this.#dropFilter.rejects(url, text)) {
        this.#drops.drop(DROP_LIST_REASON, this.pairCount - 1, -1, `${url} ${text}`);
        return 0;
      }
    }
    if (this.#language !== null) {
      if (batch !== this.#batch) this.#language.takeTexts(batch.textBytes);
      this.#batch = batch;
      if (!this.#language.isEnglish(batch.textBytes, start, end, this.#langThreshold)) {
        const isSample = (this.#drops.counts.get(LANGUAGE_REASON) ?? 0) < SAMPLES_PER_REASON;
        if (isSample) this.#drops.drop(LANGUAGE_REASON, this.pairCount - 1, -1, pairAt(batch, row).text);
        else this.#drops.add(LANGUAGE_REASON, 1);
        return 0;
      }
    }
    this.matchedCount++;
    return idCount;
  }

  /** Adds what is counted without a sample to the drops; once, at the end. */
  reportDrops(): void {
    this.#drops.add(NO_MATCH_REASON, this.#noMatch);
  }
}
