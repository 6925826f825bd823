import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  BLOCK_STRING_BYTES,
  MatchedBlock,
  type MatchedColumns,
} from '../../../src/curation/matched/matched-block.ts';
import { PairBatch } from '../../../src/curation/pair-batch.ts';

const ROWS = 4096;

/** Blocks of rows with long captions, of which each third is left out, in batches of `batchRows`. */
function fillBlocks(batchRows: number): MatchedColumns[] {
  const block = new MatchedBlock();
  const blocks: MatchedColumns[] = [];
  for (let first = 0; first < ROWS; first += batchRows) {
    const batch = new PairBatch();
    for (let i = first; i < Math.min(ROWS, first + batchRows); i++) {
      batch.add(`http://h/${i}.jpg`, `${i} `.repeat(200 + (i % 300)), 0, `http://p/${i >> 3}`);
    }
    for (let row = 0; row < batch.rowCount; row++) {
      const number = first + row;
      if (number % 3 === 2) continue;
      block.append(batch, row, Uint32Array.of(7, number, number + 1), 1, 2);
      if (block.isFull) blocks.push(structuredClone(block.take()));
    }
    block.endBatch();
  }
  blocks.push(structuredClone(block.take()));
  return blocks;
}

describe('blocks of matched rows', () => {
  it('end at the same row, by their bytes, however the rows come in batches', () => {
    const whole = fillBlocks(ROWS);
    assert.equal(whole.length, 2);
    const [first] = whole;
    assert.ok(
      first !== undefined && first.url.bytes.length + first.caption.bytes.length < BLOCK_STRING_BYTES * 1.01,
    );
    for (const batchRows of [1, 7, 1000]) assert.deepEqual(fillBlocks(batchRows), whole);
  });
});
