/** A large crawl file that a worker and its match thread read together, beside one thread that does everything. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { JobContext, MatchJob } from '../../../src/curation/jobs/job.ts';
import { MatchSink } from '../../../src/curation/jobs/match-sink.ts';
import { PROGRESS } from '../../../src/curation/jobs/progress-counters.ts';
import { buildAutomaton } from '../../../src/curation/match/build-automaton.ts';
import { shareAutomaton } from '../../../src/curation/match/matcher-memory.ts';
import { copyColumns } from '../../../src/curation/pair-batch.ts';
import { RunLayout } from '../../../src/curation/run/layout.ts';
import { DropLog } from '../../../src/curation/sources/source.ts';
import { readWarc } from '../../../src/curation/sources/warc.ts';
import { readWat } from '../../../src/curation/sources/wat.ts';
import { JobPool } from '../../../src/executors/job-pool.ts';
import { type CrawlFormat, makeNoisyMembers } from '../../helpers/noisy-crawl.ts';
import { makeMatchJob } from '../../helpers/match-job.ts';
import { makeTempFolder } from '../../helpers/temp-folder.ts';

/** Above the size from which on a file is shared. */
const MIN_FILE_BYTES = 8 << 20;

// Half of the texts have an entry.
const entries = Array.from({ length: 450 }, (_, i) => (i * 2).toString(36));
const automaton = shareAutomaton(
  buildAutomaton({ entries, fingerprint: '0'.repeat(64), source: 'test' }, 'metaclip'),
);

function makeJob(test: TestContext, format: CrawlFormat, file: Buffer): MatchJob {
  const root = makeTempFolder(test);
  mkdirSync(join(root, 'matched'));
  const path = join(root, `file.${format}.gz`);
  writeFileSync(path, file);
  return makeMatchJob(root, { path, format }, { compat: 'mended' });
}

/** The files, and what the log says of it. */
interface Answer {
  readonly files: readonly Buffer[];
  readonly report: object;
}

async function matchAlone(job: MatchJob): Promise<Answer> {
  const paths = {
    parquetPath: join(job.root, 'alone'),
    keysPath: join(job.root, 'alone.keys'),
    metadata: {},
  };
  const context: JobContext = {
    automaton,
    languageModel: null,
    progress: new SharedArrayBuffer(8 * PROGRESS.slots),
  };
  const sink = await MatchSink.create(job, context, paths);
  const drops = new DropLog();
  const origins = { linked: 0, relative: 0 };
  const reader = job.format === 'wat' ? readWat : readWarc;
  for await (const batch of reader(job.path, {
    compat: job.compat,
    drops,
    origins,
    onBytes: () => undefined,
  })) {
    await sink.write(copyColumns(batch));
  }
  const totals = await sink.close();
  const counts = [...drops.counts, ...totals.drops].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    files: [readFileSync(paths.parquetPath), readFileSync(paths.keysPath)],
    report: {
      totals: {
        pairs: totals.pairCount,
        matched: totals.matchedCount,
        matches: totals.matchCount,
        ...origins,
      },
      drops: Object.fromEntries(counts),
      samples: [...drops.samples, ...totals.samples],
    },
  };
}

async function matchTogether(job: MatchJob, pool: JobPool): Promise<Answer> {
  const { totals, drops, samples } = await pool.run(job);
  const layout = new RunLayout(job.root);
  return {
    files: [readFileSync(layout.matched(0)), readFileSync(layout.keys(0))],
    report: { totals, drops, samples },
  };
}

describe('a large file that two threads read', () => {
  for (const format of ['wat', 'warc'] as const) {
    const members = makeNoisyMembers(format, 5, format === 'wat' ? 2500 : 3500);

    it(`${format}: the same bytes, again and again`, async (test) => {
      const file = Buffer.concat(members);
      assert.ok(file.length > MIN_FILE_BYTES, `${file.length} bytes`);
      const job = makeJob(test, format, file);
      const alone = await matchAlone(job);
      assert.ok((alone.files[0]?.length ?? 0) > 100_000);
      const pool = new JobPool({ workers: 1, memory: Promise.resolve({ automaton, languageModel: null }) });
      try {
        for (let round = 1; round <= 4; round++) {
          assert.deepEqual(await matchTogether(job, pool), alone);
          assert.equal(pool.progress[PROGRESS.bytes], BigInt(round * file.length));
        }
      } finally {
        await pool.close();
      }
    });

    it(`${format}: also where it is damaged, and read once more`, async (test) => {
      // Every 300th member has a wrong checksum.
      const file = Buffer.concat(
        members.map((member, i) => {
          if (i % 300 !== 299) return member;
          const damaged = Buffer.from(member);
          damaged[damaged.length - 6] = (damaged[damaged.length - 6] ?? 0) ^ 1;
          return damaged;
        }),
      );
      const job = makeJob(test, format, file);
      const alone = await matchAlone(job);
      const pool = new JobPool({ workers: 1, memory: Promise.resolve({ automaton, languageModel: null }) });
      try {
        const together = await matchTogether(job, pool);
        assert.deepEqual(together, alone);
        assert.equal(pool.progress[PROGRESS.bytes], BigInt(file.length));
        const { pairs, matched } = (together.report as { totals: Record<string, number> }).totals;
        assert.equal(pool.progress[PROGRESS.pairs], BigInt(pairs ?? -1));
        assert.equal(pool.progress[PROGRESS.matched], BigInt(matched ?? -1));
      } finally {
        await pool.close();
      }
    });
  }
});
