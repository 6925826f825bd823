/** What a match thread does with members of a crawl file that the reading thread passed on, and how what both left out comes together. */
import { viewColumns, type PairColumns } from '../pair-batch.ts';
import { CrawlMemory } from '../sources/crawl-memory.ts';
import { MemberReader } from '../sources/crawl-pairs.ts';
import type { CutMembers } from '../sources/member-relay.ts';
import { openPairFinder } from '../sources/open-input.ts';
import { DropLog, type DropSample, SAMPLES_PER_REASON, type UrlOrigins } from '../sources/source.ts';
import type { MatchJob } from './job.ts';

/** A run of members that was passed on. */
interface RelayedPart {
  /** Where it starts in the decompressed stream of the reading thread, which knows nothing of it. */
  readonly startByte: number;
  readonly recordCount: number;
  readonly decodedBytes: number;
}

/** What became of all members of a task that were passed on; plain data. */
export interface RelayedTotals {
  readonly parts: readonly RelayedPart[];
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
  readonly #parts: RelayedPart[] = [];

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
    const reader = this.#reader;
    const recordsBefore = reader.recordCount;
    const bytesBefore = reader.decodedBytes;
    for await (const batch of reader.read(members)) yield viewColumns(batch);
    this.#parts.push({
      startByte: members.startByte,
      recordCount: reader.recordCount - recordsBefore,
      decodedBytes: reader.decodedBytes - bytesBefore,
    });
  }

  /** @returns what came of all of them */
  get totals(): RelayedTotals {
    const { counts, samples } = this.#drops;
    return { parts: this.#parts, origins: this.#origins, drops: [...counts], samples };
  }
}

/**
 * Adds what was left out of members that were passed on, as if one thread had read the file.
 *
 * @param drops - of the thread that read the rest; nothing may be added to it afterwards but what belongs behind all records
 * @param relayed - of the thread that read the members
 */
export function mergeDrops(drops: DropLog, relayed: RelayedTotals): void {
  for (const [reason, count] of relayed.drops) drops.add(reason, count);
  const own = drops.samples.map((sample) => placeInFile(sample, relayed.parts));
  const seen = new Map<string, number>();
  // Of a record that both know, the reader has what stands in front of it.
  const samples = [...own, ...relayed.samples].sort((a, b) => a.byte - b.byte);
  drops.samples.length = 0;
  for (const sample of samples) {
    const count = (seen.get(sample.reason) ?? 0) + 1;
    seen.set(sample.reason, count);
    if (count <= SAMPLES_PER_REASON) drops.samples.push(sample);
  }
}

function placeInFile(sample: DropSample, parts: readonly RelayedPart[]): DropSample {
  let { record, byte } = sample;
  for (const { startByte, recordCount, decodedBytes } of parts) {
    if (startByte > sample.byte) break;
    record += recordCount;
    byte += decodedBytes;
  }
  return { ...sample, record, byte };
}
