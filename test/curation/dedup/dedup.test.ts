import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { planDedup } from '../../../src/curation/dedup/dedup-plan.ts';
import {
  isDuplicateRow,
  readDuplicateRows,
  resolvePartition,
} from '../../../src/curation/dedup/resolve-partition.ts';
import { scatterGroup } from '../../../src/curation/dedup/scatter-group.ts';
import { RunLayout } from '../../../src/curation/run/layout.ts';
import { type MatchedRow, writeMatchedRows } from '../../helpers/matched-files.ts';
import { makeTempFolder } from '../../helpers/temp-folder.ts';

/** De-duplicates with the given limits; returns for each task its surviving rows. */
async function survivors(
  root: string,
  tasks: readonly (readonly MatchedRow[])[],
  limits: { groupRows: number; partitionRows: number },
): Promise<MatchedRow[][]> {
  const layout = new RunLayout(root);
  for (const [task, rows] of tasks.entries()) await writeMatchedRows(root, task, rows);
  const plan = planDedup(
    tasks.map((rows) => rows.length),
    limits,
  );
  for (const [group, ranges] of plan.groups.entries()) {
    scatterGroup(ranges, (task) => layout.keys(task), plan.partitionCount, layout.group(group));
  }
  const groups = plan.groups.map((_, group) => layout.group(group));
  const partitions = Array.from({ length: plan.partitionCount }, (_, partition) =>
    layout.partition(partition),
  );
  for (const [partition, path] of partitions.entries()) {
    resolvePartition(groups, partition, plan.partitionCount, tasks.length, path);
  }
  return tasks.map((rows, task) => {
    const bits = readDuplicateRows(partitions, task, rows.length);
    return rows.filter((_, row) => !isDuplicateRow(bits, row));
  });
}

const rowArbitrary = fc.record({
  url: fc.constantFrom('http://a/1', 'http://a/2', 'http://b/1'),
  text: fc.constantFrom('x', 'y', '1x'),
  ids: fc.constant([1]),
  textKey: fc.constantFrom('alt' as const, 'title' as const),
  pageUrl: fc.constantFrom('', 'http://p/1', 'http://p/2'),
});
const tasksArbitrary = fc.array(fc.array(rowArbitrary, { maxLength: 12 }), { minLength: 1, maxLength: 4 });
const limitsArbitrary = fc.record({
  groupRows: fc.integer({ min: 1, max: 9 }),
  partitionRows: fc.integer({ min: 1, max: 9 }),
});
const keyOf = ({ url, text }: MatchedRow): string => `${url} ${text}`;
const rowText = (row: MatchedRow): string => JSON.stringify([row.url, row.text, row.textKey, row.pageUrl]);

describe('planDedup', () => {
  it('covers every row once, in order, in groups of at most the limit', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 1 }),
        limitsArbitrary,
        (rowCounts, limits) => {
          const { groups, partitionCount } = planDedup(rowCounts, limits);
          const seen: string[] = [];
          for (const group of groups) {
            assert.ok(
              group.reduce((sum, range) => sum + range.endRow - range.startRow, 0) <= limits.groupRows,
            );
            for (const { task, startRow, endRow } of group) {
              for (let row = startRow; row < endRow; row++) seen.push(`${task}:${row}`);
            }
          }
          const wanted = rowCounts.flatMap((rows, task) =>
            Array.from({ length: rows }, (_, row) => `${task}:${row}`),
          );
          assert.deepEqual(seen, wanted);
          assert.equal(Math.log2(partitionCount) % 1, 0);
        },
      ),
    );
  });
});

describe('de-duplication over a run', () => {
  it('keeps exactly one row of each (url, text), whatever the cut into groups and partitions', async (test) => {
    await fc.assert(
      fc.asyncProperty(tasksArbitrary, limitsArbitrary, async (tasks, limits) => {
        const kept = (await survivors(makeTempFolder(test), tasks, limits)).flat().map(keyOf);
        assert.deepEqual([...kept].sort(), [...new Set(tasks.flat().map(keyOf))].sort());
      }),
      { numRuns: 40 },
    );
  });

  it('keeps the same set of rows for any order of tasks and rows', async (test) => {
    const limits = { groupRows: 5, partitionRows: 4 };
    await fc.assert(
      fc.asyncProperty(tasksArbitrary, async (tasks) => {
        const forward = (await survivors(makeTempFolder(test), tasks, limits)).flat().map(rowText).sort();
        const turned = [...tasks].reverse().map((rows) => [...rows].reverse());
        const backward = (await survivors(makeTempFolder(test), turned, limits)).flat().map(rowText).sort();
        assert.deepEqual(backward, forward);
      }),
      { numRuns: 25 },
    );
  });
});
