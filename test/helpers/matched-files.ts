/** Writes matched rows as the match stage does, for tests of the later stages. */
import { MatchedWriter } from '../../src/curation/matched/matched-writer.ts';
import { PairBatch, TEXT_KEYS, type TextKey } from '../../src/curation/pair-batch.ts';
import { RunLayout } from '../../src/curation/run/layout.ts';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

/** A matched pair as a test writes it down. */
export interface MatchedRow {
  readonly url: string;
  readonly text: string;
  readonly ids: readonly number[];
  readonly textKey?: TextKey;
  readonly pageUrl?: string;
}

/**
 * @param root - run directory
 * @param task - task number
 * @param rows - matched rows
 */
export async function writeMatchedRows(
  root: string,
  task: number,
  rows: readonly MatchedRow[],
): Promise<void> {
  const layout = new RunLayout(root);
  mkdirSync(join(root, 'matched'), { recursive: true });
  const metadata = { 'test.key': 'value' };
  const writer = await MatchedWriter.create({
    parquetPath: layout.matched(task),
    keysPath: layout.keys(task),
    metadata,
  });
  const batch = new PairBatch();
  for (const { url, text, ids, textKey = 'alt', pageUrl = '' } of rows) {
    batch.clear();
    batch.add(url, text, TEXT_KEYS.indexOf(textKey), pageUrl);
    writer.append(batch, 0, Uint32Array.from(ids), 0, ids.length);
    await writer.flushIfFull();
    writer.endBatch();
  }
  await writer.close();
}
