import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { giveBackFreeMemory, runStatement, sqlString } from '../../src/common/duckdb.ts';
import { makeTempFolder } from '../helpers/temp-folder.ts';

describe('statements in this thread', () => {
  const copy = (path: string, rows: number): string =>
    `COPY (SELECT range FROM range(${rows})) TO ${sqlString(path)} (FORMAT csv, HEADER false)`;

  it('are done when the promise is, one after the other on one instance', async (test) => {
    const folder = makeTempFolder(test);
    await runStatement('CREATE TABLE kept (i INTEGER)');
    await runStatement('INSERT INTO kept VALUES (1)');
    for (const rows of [0, 1, 200_000]) {
      const path = join(folder, `${rows}.csv`);
      await runStatement(copy(path, rows));
      assert.equal(readFileSync(path, 'utf8').split('\n').length - 1, rows);
    }
  });

  it('say what is wrong, and go on with another instance', async (test) => {
    const folder = makeTempFolder(test);
    await assert.rejects(runStatement('SELEKT'), /syntax error/);
    await assert.rejects(runStatement('SELECT * FROM kept'), /kept does not exist/);
    const missing = join(folder, 'no', 'such', 'folder.csv');
    await assert.rejects(runStatement(copy(missing, 3)), /IO Error/);
    await assert.rejects(runStatement("SELECT error('at run time') FROM range(5000)"), /at run time/);
    await runStatement(copy(join(folder, 'after.csv'), 3));
    assert.ok(existsSync(join(folder, 'after.csv')));
  });

  it('do not mind that memory is given back', async (test) => {
    const path = join(makeTempFolder(test), 'a.csv');
    await giveBackFreeMemory();
    await runStatement(copy(path, 3));
    assert.equal(readFileSync(path, 'utf8'), '0\n1\n2\n');
  });
});
