/** What two threads make of a crawl file is what one makes of it, or they say that it is not. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { mergeDrops, RelayedMembers } from '../../../src/curation/jobs/relayed-members.ts';
import { type Pair, type PairColumns, pairAt } from '../../../src/curation/pair-batch.ts';
import { type CutMembers, UnusualMembersError } from '../../../src/curation/sources/member-relay.ts';
import {
  DropLog,
  type DropSample,
  type ExtractContext,
  type UrlOrigins,
} from '../../../src/curation/sources/source.ts';
import { readWarcSource } from '../../../src/curation/sources/warc.ts';
import { readWatSource } from '../../../src/curation/sources/wat.ts';
import { cutSource } from '../../helpers/crawl.ts';
import { type CrawlFormat, makeNoisyMembers, makeRandom } from '../../helpers/noisy-crawl.ts';

interface Answer {
  readonly pairs: readonly Pair[];
  readonly drops: ReadonlyMap<string, number>;
  readonly samples: readonly DropSample[];
  readonly origins: UrlOrigins;
}

const pairsOf = (columns: PairColumns): Pair[] =>
  Array.from({ length: columns.rowCount }, (_, row) => pairAt(columns, row));

/** Reads a file, of which runs of members are passed on whenever `countWanted` says so; undefined when it turns out that it can't be. */
async function read(
  bytes: Uint8Array,
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
  try {
    for await (const batch of reader(cutSource(bytes, 60_000), context)) handedOn.push(pairsOf(batch));
    for (const part of handedOn) {
      if (Array.isArray(part)) {
        pairs.push(...part);
        continue;
      }
      relayedBytes += part.bytes.length;
      for await (const columns of relayed.read(part)) pairs.push(...pairsOf(columns));
    }
  } catch (error) {
    if (error instanceof UnusualMembersError) return undefined;
    throw error;
  }
  const { totals } = relayed;
  mergeDrops(drops, totals);
  origins.linked += totals.origins.linked;
  origins.relative += totals.origins.relative;
  return { answer: { pairs, drops: drops.counts, samples: drops.samples, origins }, relayedBytes };
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
          fc.constantFrom(
            'flip',
            'cut',
            'garbage',
            'blank',
            'plain',
            'long',
            'short',
            'straddle',
            'headers',
            'bait',
          ),
          fc.nat({ max: 999 }),
          fc.constantFrom(1, 20_000, 50_000),
          async (seed, damage, place, wantedBytes) => {
            const file = damageFile(files[seed] ?? [], damage, place / 1000);
            const alone = await read(file, format);
            const shared = await read(file, format, () => wantedBytes);
            if (shared === undefined) unusualCount++;
            else if (shared.relayedBytes > 0) sameCount++;
            if (shared !== undefined) assert.deepEqual(shared.answer, alone?.answer);
          },
        ),
        { numRuns: 100 },
      );
      assert.ok(sameCount > 20, `${sameCount} files were read by two`);
      assert.ok(unusualCount > 5, `${unusualCount} files had to be read by one`);
    });
  });
}

/** Damages a member, or puts something between two. */
function damageFile(members: readonly Buffer[], damage: string, place: number): Buffer {
  const at = Math.floor(place * (members.length - 2)) + 1;
  const before = members.slice(0, at);
  const member = members[at] ?? Buffer.alloc(0);
  const after = members.slice(at + 1);
  const record = (length: number | string, block: string): Buffer =>
    Buffer.from(`WARC/1.0\r\nContent-Type: text/x\r\nContent-Length: ${length}\r\n\r\n${block}`);
  switch (damage) {
    case 'flip': {
      const flipped = Buffer.from(member);
      flipped[Math.floor(flipped.length / 2)] = (flipped[Math.floor(flipped.length / 2)] ?? 0) ^ 4;
      return Buffer.concat([...before, flipped, ...after]);
    }
    case 'cut':
      return Buffer.concat([...before, member.subarray(0, member.length / 2)]);
    case 'garbage':
      return Buffer.concat([...before, Buffer.from('no member at all '.repeat(1 + at)), member, ...after]);
    case 'blank':
      return Buffer.concat([...before, gzipSync('\r\n'.repeat(at)), member, ...after]);
    case 'plain':
      return Buffer.concat([...before, gzipSync('this is no record'), member, ...after]);
    case 'long':
      // Reaches into later members; some of these lengths end at the start of a record.
      return Buffer.concat([...before, gzipSync(record(20_000 + at, 'x')), member, ...after]);
    case 'short':
      return Buffer.concat([...before, gzipSync(record(1, 'more than one byte')), member, ...after]);
    case 'straddle':
      return Buffer.concat([
        ...before,
        gzipSync(record(8, 'half')),
        gzipSync('half\r\n\r\n'),
        member,
        ...after,
      ]);
    case 'headers':
      return Buffer.concat(members.map((one, i) => (i % 2 === 0 ? one : withTime(one))));
    default:
      // A stored block that holds what looks like the start of a member.
      return Buffer.concat([
        ...before,
        gzipSync(record(10, ''), { level: 0 }),
        gzipSync(member.subarray(0, 10), { level: 0 }),
        ...after,
      ]);
  }
}

/** The same member, written at another time. */
function withTime(member: Buffer): Buffer {
  const changed = Buffer.from(member);
  changed[4] = 7;
  return changed;
}
