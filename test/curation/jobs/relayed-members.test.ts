/** What two threads make of a crawl file is what one makes of it, or they say that it is not. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { MetaclipError } from '../../../src/common/errors.ts';
import { mergeDrops, RelayedMembers } from '../../../src/curation/jobs/relayed-members.ts';
import { type Pair, type PairColumns, pairAt } from '../../../src/curation/pair-batch.ts';
import type { ByteSource } from '../../../src/curation/sources/byte-source.ts';
import { type CutMembers, UnusualMembersError } from '../../../src/curation/sources/member-relay.ts';
import {
  DropLog,
  type DropSample,
  type ExtractContext,
  type UrlOrigins,
} from '../../../src/curation/sources/source.ts';
import { readWarcSource } from '../../../src/curation/sources/warc.ts';
import { readWatSource } from '../../../src/curation/sources/wat.ts';
import { DAMAGES } from '../../helpers/damage-crawl.ts';
import { cutSource } from '../../helpers/crawl.ts';
import { type CrawlFormat, makeNoisyMembers, makeRandom } from '../../helpers/noisy-crawl.ts';

interface Answer {
  readonly pairs: readonly Pair[];
  readonly drops: ReadonlyMap<string, number>;
  readonly samples: readonly DropSample[];
  readonly origins: UrlOrigins;
  /** Code of the error that ended it. */
  readonly failure: string;
}

const pairsOf = (columns: PairColumns): Pair[] =>
  Array.from({ length: columns.rowCount }, (_, row) => pairAt(columns, row));

/** Reads a file, of which runs of members are passed on whenever `countWanted` says so; undefined when it turns out that it can't be. */
async function read(
  file: Uint8Array | ByteSource,
  format: CrawlFormat,
  countWanted?: () => number,
): Promise<{ answer: Answer; relayedBytes: number } | undefined> {
  const drops = new DropLog();
  const origins = { linked: 0, relative: 0 };
  const handedOn: (Pair[] | CutMembers)[] = [];
  const relay = {
    countWanted: countWanted ?? ((): number => 0),
    send: (members: CutMembers) => handedOn.push(members),
  };
  const context: ExtractContext = {
    compat: 'mended',
    drops,
    origins,
    onBytes: () => undefined,
    ...(countWanted === undefined ? {} : { relay }),
  };
  const reader = format === 'wat' ? readWatSource : readWarcSource;
  const relayed = await RelayedMembers.open({ compat: 'mended', format });
  const pairs: Pair[] = [];
  let relayedBytes = 0;
  let failure = '';
  try {
    try {
      const source = file instanceof Uint8Array ? cutSource(file, 60_000) : file;
      for await (const batch of reader(source, context)) handedOn.push(pairsOf(batch));
    } catch (error) {
      if (!(error instanceof MetaclipError)) throw error;
      failure = error.code;
    }
    for (const part of handedOn) {
      if (Array.isArray(part)) {
        pairs.push(...part);
        continue;
      }
      for (const { length } of part.parts) relayedBytes += length;
      for await (const columns of relayed.read(part)) pairs.push(...pairsOf(columns));
    }
  } catch (error) {
    if (error instanceof UnusualMembersError) return undefined;
    throw error;
  }
  const { totals } = relayed;
  const merged = mergeDrops(drops, totals);
  origins.linked += totals.origins.linked;
  origins.relative += totals.origins.relative;
  return { answer: { pairs, drops: merged.counts, samples: merged.samples, origins, failure }, relayedBytes };
}

/** A disk that fails at a place. */
function failingSource(bytes: Uint8Array, endByte: number): ByteSource {
  return {
    name: 'failing',
    async *open(startByte) {
      for (let at = startByte; at < endByte; at += 60_000) {
        await Promise.resolve();
        yield bytes.subarray(at, Math.min(endByte, at + 60_000));
      }
      throw new MetaclipError('E_INPUT_UNREADABLE', 'failing: the disk reports a read error', {});
    },
  };
}

for (const format of ['wat', 'warc'] as const) {
  describe(`${format.toUpperCase()} files of which another thread reads a part`, () => {
    it('whole ones: the same pairs, drops, samples and origins', async () => {
      for (let seed = 1; seed <= 6; seed++) {
        const random = makeRandom(seed * 77);
        const file = Buffer.concat(makeNoisyMembers(format, seed, 400));
        const alone = await read(file, format);
        assert.ok(alone !== undefined && alone.answer.pairs.length > 500);
        const shared = await read(file, format, () =>
          seed % 3 === 0 || random() < 0.5 ? 1 + random() * 50_000 : 0,
        );
        assert.ok(shared !== undefined, 'an ordinary file is never unusual');
        assert.deepEqual(shared.answer, alone.answer);
        // Most seeds pass something on.
        if (seed % 3 === 0)
          assert.ok(shared.relayedBytes > 50_000, `${shared.relayedBytes} of ${file.length} bytes`);
      }
    });

    it('damaged ones: the same, or it is said', async () => {
      const files = [1, 2, 3].map((seed) => makeNoisyMembers(format, seed, 400));
      let sameCount = 0;
      let unusualCount = 0;
      await fc.assert(
        fc.asyncProperty(
          fc.nat({ max: 2 }),
          fc.constantFrom(...Object.values(DAMAGES)),
          fc.integer({ min: 1, max: 397 }),
          fc.constantFrom(1, 20_000, 50_000),
          async (seed, damage, at, wantedBytes) => {
            const file = Buffer.concat(damage(files[seed] ?? [], at));
            const alone = await read(file, format);
            const shared = await read(file, format, () => wantedBytes);
            if (shared === undefined) unusualCount++;
            else if (shared.relayedBytes > 0) sameCount++;
            if (shared !== undefined) assert.deepEqual(shared.answer, alone?.answer);
          },
        ),
        { numRuns: 80 },
      );
      assert.ok(sameCount > 20, `${sameCount} files were read by two`);
      assert.ok(unusualCount > 5, `${unusualCount} files had to be read by one`);
    });

    it('ones that can not be read to their end: the same, or it is said', async () => {
      const file = Buffer.concat(makeNoisyMembers(format, 3, 400));
      for (let endByte = 100_000; endByte < file.length; endByte += 190_000) {
        const source = failingSource(file, endByte);
        const shared = await read(source, format, () => 50_000);
        if (shared !== undefined) assert.deepEqual(shared.answer, (await read(source, format))?.answer);
      }
    });
  });
}
