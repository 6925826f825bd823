import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import type { JobContext } from '../../../src/curation/jobs/job.ts';
import { ThreadedSink } from '../../../src/curation/jobs/match-thread.ts';
import { PROGRESS } from '../../../src/curation/jobs/progress-counters.ts';
import { buildAutomaton } from '../../../src/curation/match/build-automaton.ts';
import { shareAutomaton } from '../../../src/curation/match/matcher-memory.ts';
import { copyColumns, PairBatch, type PairColumns } from '../../../src/curation/pair-batch.ts';
import type { MatchedPaths } from '../../../src/curation/matched/matched-files.ts';
import { makeMatchJob } from '../../helpers/match-job.ts';
import { makeTempFolder } from '../../helpers/temp-folder.ts';

const list = { entries: ['fox'], fingerprint: '0'.repeat(64), source: 'test' };

function makeColumns(rowCount: number): PairColumns {
  const batch = new PairBatch();
  for (let i = 0; i < rowCount; i++) batch.add(`http://a.example/${i}.png`, 'a red fox', 0, '');
  return copyColumns(batch);
}

describe('the match thread', () => {
  it('when it dies, tells whoever waits and whoever asks, and the next task has another', async (test) => {
    const root = makeTempFolder(test);
    mkdirSync(join(root, 'matched'));
    const context: JobContext = {
      automaton: shareAutomaton(buildAutomaton(list, 'metaclip')),
      languageModel: null,
      progress: new SharedArrayBuffer(8 * PROGRESS.slots),
    };
    const job = makeMatchJob(root, { path: '', format: 'jsonl' });
    const pathsOf = (name: string): MatchedPaths => ({
      parquetPath: join(root, `${name}.parquet`),
      keysPath: join(root, `${name}.keys`),
      metadata: {},
    });
    const started: Worker[] = [];
    const onWorker = (worker: Worker): void => {
      started.push(worker);
    };
    process.on('worker', onWorker);
    try {
      const sink = ThreadedSink.open(job, context, pathsOf('first'));
      await sink.write(makeColumns(100));
      // The event is told of in the next turn.
      await nextTurn();
      assert.equal(started.length, 1);
      await started[0]?.terminate();
      await assert.rejects(sink.close(), /the match thread ended/);
      await assert.rejects(async () => {
        for (let i = 0; i < 20; i++) await sink.write(makeColumns(1));
      }, /the match thread ended/);
      // What a task does in the end; it must not wait for an answer.
      await sink.abort();

      const next = ThreadedSink.open(job, context, pathsOf('second'));
      await next.write(makeColumns(100));
      assert.equal((await next.close()).matchedCount, 100);
      assert.equal(started.length, 2);
      assert.ok(readFileSync(join(root, 'second.parquet')).length > 100);
      await started[1]?.terminate();
    } finally {
      process.off('worker', onWorker);
    }
  });
});
