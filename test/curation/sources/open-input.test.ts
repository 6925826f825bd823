import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MetaclipError } from '../../../src/common/errors.ts';
import { INPUT_FORMATS } from '../../../src/curation/sources/detect-format.ts';
import { openPairReader } from '../../../src/curation/sources/open-input.ts';
import { makeTar } from '../../helpers/make-tar.ts';
import { readPool, urlTexts, writePool } from '../../helpers/read-pool.ts';
import { makeTempFolder } from '../../helpers/temp-folder.ts';

test('every format has a reader, and each reads an empty file or refuses it with a code', async (context) => {
  const folder = makeTempFolder(context);
  for (const format of INPUT_FORMATS) {
    const reading = readPool(openPairReader(format), await writePool(folder, format, ''));
    if (format === 'parquet') {
      await assert.rejects(
        reading,
        (error) => error instanceof MetaclipError && error.code === 'E_INPUT_UNREADABLE',
      );
    } else {
      assert.deepEqual((await reading).pairs, [], format);
    }
  }
});

test('the reader of a format reads it', async (context) => {
  const folder = makeTempFolder(context);
  const rows: [format: string, name: string, content: string | Buffer][] = [
    ['jsonl', 'a.jsonl', '{"url":"u","text":"t"}'],
    ['delimited', 'a.csv', 'url,text\nu,t'],
    ['webdataset', 'a.tar', await makeTar([['0.json', '{"url":"u","text":"t"}']])],
  ];
  for (const [format, name, content] of rows) {
    const got = await readPool(openPairReader(format), await writePool(folder, name, content));
    assert.deepEqual(urlTexts(got), [['u', 't']], format);
  }
});

test('an unknown format, and content that is something else, are refused', async (context) => {
  const folder = makeTempFolder(context);
  for (const format of ['xml', '__proto__', '']) {
    assert.throws(
      () => openPairReader(format),
      (error) => error instanceof MetaclipError && error.code === 'E_FORMAT_UNKNOWN',
    );
  }
  const page = await writePool(folder, 'a.jsonl', '<html>404</html>');
  await assert.rejects(readPool(openPairReader('jsonl'), page), (error) => {
    assert.ok(error instanceof MetaclipError);
    assert.equal(error.code, 'E_INPUT_UNREADABLE');
    assert.match(error.message, /an HTML page/);
    return true;
  });
});
