/** A thread of the matcher's benchmark: matches all texts as often as it is told, and answers with the total of matches. */
import { parentPort, workerData } from 'node:worker_threads';
import { BatchMatcher } from '../../src/curation/match/batch-matcher.ts';
import type { MatcherMemory } from '../../src/curation/match/matcher-memory.ts';
import type { TextColumn } from '../../src/curation/match/row-matcher.ts';

const { memory, texts } = workerData as { memory: MatcherMemory; texts: TextColumn };
const matcher = new BatchMatcher(memory);
parentPort?.on('message', (passes: number) => {
  let total = 0;
  for (let pass = 0; pass < passes; pass++) {
    for (let row = 0; row < texts.rowCount; row++) total += matcher.matchRow(texts, row);
  }
  parentPort?.postMessage(total);
});
