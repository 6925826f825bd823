import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { ScratchMemory } from '../../../src/common/thread-scratch.ts';
import { shareLidModel } from '../../../src/curation/language/lid-memory.ts';
import { readLidModel } from '../../../src/curation/language/lid-model.ts';
import { buildAutomaton } from '../../../src/curation/match/build-automaton.ts';
import { shareAutomaton } from '../../../src/curation/match/matcher-memory.ts';
import { JobPool } from '../../../src/executors/job-pool.ts';
import { makeMatchJob } from '../../helpers/match-job.ts';
import { makeTempFolder } from '../../helpers/temp-folder.ts';

/** Scratch memories that threads have taken. */
function countTaken({ memory, scratchStart }: ScratchMemory): number {
  return Atomics.load(new Int32Array(memory.buffer, scratchStart, 1), 0);
}

describe('scratch memory of the kernels', () => {
  it('is taken once by each thread, however many files it matches', async (test) => {
    const root = makeTempFolder(test);
    mkdirSync(join(root, 'matched'));
    const list = { entries: ['red', 'fox'], fingerprint: '0'.repeat(64), source: 'test' };
    const automaton = shareAutomaton(buildAutomaton(list, 'metaclip'));
    const languageModel = shareLidModel(readLidModel());
    const line = JSON.stringify({ url: 'https://a.example/fox.jpg', caption: 'a red fox in the snow' });
    // A file of more than four batches takes a match thread beside the worker.
    const rowCounts = [10, 10, 20_000, 10, 20_000, 20_000];
    const pool = new JobPool({ workers: 1, memory: Promise.resolve({ automaton, languageModel }) });
    try {
      for (const [task, rowCount] of rowCounts.entries()) {
        const path = join(root, `${task}.jsonl`);
        writeFileSync(path, `${line}\n`.repeat(rowCount));
        const job = makeMatchJob(root, { path, format: 'jsonl' }, { task, lang: 'en' });
        const { totals } = await pool.run(job);
        assert.equal(totals['matched'], rowCount);
      }
    } finally {
      await pool.close();
    }
    assert.equal(countTaken(automaton), 2);
    assert.equal(countTaken(languageModel), 2);
  });
});
