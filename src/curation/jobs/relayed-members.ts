/** What a match thread does with members of a crawl file that the reading thread passed on, and how what both left out comes together. */
import { viewColumns, type PairColumns } from '../pair-batch.ts';
import { CrawlMemory } from '../sources/crawl-memory.ts';
import { type MemberPart, MemberReader } from '../sources/crawl-pairs.ts';
import type { CutMembers } from '../sources/member-relay.ts';
import { openPairFinder } from '../sources/open-input.ts';
import { DropLog, type DropSample, type UrlOrigins } from '../sources/source.ts';
import type { MatchJob } from './job.ts';

/** What became of all members of a task that were passed on; plain data. */
export interface RelayedTotals {
  readonly parts: readonly MemberPart[];
  readonly origins: UrlOrigins;
  readonly drops: readonly (readonly [string, number])[];
  /** The first of each reason, with the numbers that they have in the whole file. */
  readonly samples: readonly DropSample[];
}

/** Finds the pairs of members; one a task. Memory: that of a reader of crawl files, and 24 bytes for each run of members. */
export class RelayedMembers {
  readonly #reader: MemberReader;
  readonly #drops: DropLog;
  readonly #origins: UrlOrigins;

  private constructor(reader: MemberReader, drops: DropLog, origins: UrlOrigins) {
    this.#reader = reader;
    this.#drops = drops;
    this.#origins = origins;
  }

  /**
   * @param job - options of the task
   * @returns finds pairs as the reader of the task's format does
   */
  static async open(job: Pick<MatchJob, 'compat' | 'format'>): Promise<RelayedMembers> {
    const drops = new DropLog();
    const origins = { linked: 0, relative: 0 };
    const memory = new CrawlMemory();
    // The bytes were counted where they were read.
    const context = { compat: job.compat, drops, origins, onBytes: () => undefined };
    const finder = await openPairFinder(job.format, memory, context);
    return new RelayedMembers(new MemberReader(context, memory, finder), drops, origins);
  }

  /**
   * @param members - in the order in which they were passed on
   * @yields their pairs, in batches that are valid until the next one
   * @throws UnusualMembersError, while iterating
   */
  async *read(members: CutMembers): AsyncGenerator<PairColumns, void, void> {
    for await (const batch of this.#reader.read(members)) yield viewColumns(batch);
  }

  /** @returns what came of all of them */
  get totals(): RelayedTotals {
    const { counts, samples } = this.#drops;
    return { parts: this.#reader.parts, origins: this.#origins, drops: [...counts], samples };
  }
}

/**
 * Puts together what two threads left out, as if one had read the file.
 *
 * @param drops - of the thread that read the rest
 * @param relayed - of the thread that read the members
 * @returns what was left out of the whole file
 */
export function mergeDrops(drops: DropLog, relayed: RelayedTotals): DropLog {
  const merged = new DropLog();
  const own = drops.samples.map((sample) => placeInFile(sample, relayed.parts));
  // Of a record that both know, the reader has what stands in front of it.
  const samples = [...own, ...relayed.samples].sort((a, b) => a.byte - b.byte);
  for (const { reason, record, byte, detail } of samples) merged.drop(reason, record, byte, detail);
  // Samples were counted before.
  merged.counts.clear();
  for (const [reason, count] of [...drops.counts, ...relayed.drops]) merged.add(reason, count);
  return merged;
}

function placeInFile(sample: DropSample, parts: readonly MemberPart[]): DropSample {
  let { record, byte } = sample;
  for (const { startByte, recordCount, decodedBytes } of parts) {
    if (startByte > sample.byte) break;
    record += recordCount;
    byte += decodedBytes;
  }
  return { ...sample, record, byte };
}
