/** Embeddings to files and back, read by readers that are not ours. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import sharp from 'sharp';
import { sqlPath, withDuckdb } from '../../../src/common/duckdb.ts';
import { embed, type EmbedOptions, type EmbedSummary } from '../../../src/model/embed/embed.ts';
import { fromFloat16Array } from '../../../src/model/encode/float16.ts';
import { MetaCLIP } from '../../../src/model/metaclip.ts';
import { makeTempFolder } from '../../helpers/temp-folder.ts';
import { makeTinyModel, TINY_DIMENSION } from '../../helpers/tiny-model.ts';

/** An .npy file read by the rules of its format. */
function readNpy(path: string): { dtype: string; shape: number[]; values: Float32Array } {
  const bytes = readFileSync(path);
  assert.equal(bytes.toString('latin1', 0, 8), '\x93NUMPY\x01\x00');
  const start = 10 + bytes.readUInt16LE(8);
  assert.equal(start % 64, 0);
  const head = /^\{'descr': '(<f[24])', 'fortran_order': False, 'shape': \((\d+), (\d+)\), \} *\n$/.exec(
    bytes.toString('latin1', 10, start),
  );
  assert.ok(head, bytes.toString('latin1', 10, start));
  const data = bytes.buffer.slice(bytes.byteOffset + start, bytes.byteOffset + bytes.length);
  const values = head[1] === '<f4' ? new Float32Array(data) : fromFloat16Array(new Uint16Array(data));
  return { dtype: head[1] ?? '', shape: [Number(head[2]), Number(head[3])], values };
}

async function readRows(path: string): Promise<Record<string, unknown>[]> {
  const bytes = readFileSync(path);
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
  return parquetReadObjects({ file, compressors });
}

function treeOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(join(folder, name)).isFile())
    .map(
      (name) =>
        `${name} ${createHash('sha256')
          .update(readFileSync(join(folder, name)))
          .digest('hex')}`,
    )
    .sort();
}

describe('embed', () => {
  let folder: string;
  let photos: string;
  let model: MetaCLIP;
  const hooks: (() => void)[] = [];
  const run = (name: string, options: Partial<EmbedOptions> = {}): Promise<EmbedSummary> =>
    embed(model, { images: [photos], out: join(folder, name), partSize: 4, ...options });

  before(async () => {
    folder = makeTempFolder({ after: (hook) => hooks.push(hook) });
    photos = join(folder, 'photos');
    mkdirSync(join(photos, 'sub'), { recursive: true });
    for (let at = 0; at < 9; at++) {
      const background = { r: (at * 67) % 256, g: (at * 151) % 256, b: (at * 29) % 256 };
      const bytes = await sharp({ create: { width: 9, height: 8, channels: 3, background } })
        .png()
        .toBuffer();
      writeFileSync(join(photos, at % 2 === 0 ? 'sub' : '', `${at}.png`), bytes);
      if (at !== 5)
        writeFileSync(join(photos, at % 2 === 0 ? 'sub' : '', `${at}.txt`), `dogs ${at}, "quoted" 猫\n`);
    }
    writeFileSync(join(photos, '4b.jpg'), 'no image');
    writeFileSync(join(photos, '4b.txt'), 'of no image');
    model = await MetaCLIP.load(await makeTinyModel(join(folder, 'model')), {
      batchSize: 3,
      threads: 1,
      decodeThreads: 2,
    });
  });
  after(async () => {
    await model.close();
    for (const hook of hooks) hook();
  });

  it("writes clip-retrieval's layout, rows in step", async () => {
    const out = join(folder, 'layout');
    const summary = await run('layout');
    assert.deepEqual(summary, { out, rows: 9, dimension: 4, parts: 3, keptParts: 0, refused: { text: 1 } });
    assert.deepEqual(readdirSync(join(out, 'img_emb')), ['img_emb_0.npy', 'img_emb_1.npy', 'img_emb_2.npy']);
    const names: string[] = [];
    for (const part of [0, 1, 2]) {
      const { dtype, shape, values } = readNpy(join(out, `img_emb/img_emb_${part}.npy`));
      const rows = await readRows(join(out, `metadata/metadata_${part}.parquet`));
      assert.deepEqual([dtype, ...shape], ['<f4', rows.length, TINY_DIMENSION]);
      const expected = await model.embedImage(rows.map((row) => join(photos, String(row['image_path']))));
      values.forEach((value, at) => {
        assert.ok(Math.abs(value - (expected.data[at] ?? NaN)) < 1e-6);
      });
      names.push(...rows.map((row) => String(row['image_path'])));
    }
    assert.deepEqual(names, [
      '1.png',
      '3.png',
      '5.png',
      '7.png',
      'sub/0.png',
      'sub/2.png',
      'sub/4.png',
      'sub/6.png',
      'sub/8.png',
    ]);
    const refused = JSON.parse(readFileSync(join(out, 'refused.jsonl'), 'utf8')) as Record<string, string>;
    assert.deepEqual([refused['image'], refused['reason']], ['4b.jpg', 'text']);
  });

  it('embeds the texts beside the images, and refuses images without one', async () => {
    const out = join(folder, 'captions');
    const { rows, refused } = await run('captions', { captions: true, dtype: 'float16', partSize: 100 });
    assert.deepEqual([rows, refused], [8, { 'no-caption': 1, text: 1 }]);
    const table = await readRows(join(out, 'metadata/metadata_0.parquet'));
    assert.deepEqual(table[1], { image_path: '3.png', caption: 'dogs 3, "quoted" 猫' });
    const expected = await model.embedText(table.map((row) => String(row['caption'])));
    const { dtype, values } = readNpy(join(out, 'text_emb/text_emb_0.npy'));
    assert.equal(dtype, '<f2');
    values.forEach((value, at) => {
      assert.ok(Math.abs(value - (expected.data[at] ?? NaN)) < 5e-4);
    });
  });

  it('embeds lists of texts', async () => {
    const path = join(folder, 'texts.txt');
    writeFileSync(path, '\uFEFFdogs\r\n\r\ncats and more\nengine');
    const out = join(folder, 'texts');
    assert.equal((await embed(model, { textFiles: [path], out, partSize: 2 })).rows, 3);
    assert.deepEqual(readNpy(join(out, 'text_emb/text_emb_1.npy')).shape, [1, TINY_DIMENSION]);
    assert.deepEqual(await readRows(join(out, 'metadata/metadata_0.parquet')), [
      { caption: 'dogs' },
      { caption: 'cats and more' },
    ]);
  });

  it('writes Parquet whose vectors are lists of fixed size for those that know them', async () => {
    const out = join(folder, 'table');
    await run('table', { format: 'parquet', captions: true, partSize: 100 });
    const path = join(out, 'embeddings/embeddings_0.parquet');
    const bytes = readFileSync(path);
    const { key_value_metadata: pairs = [] } = parquetMetadata(
      bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length),
    );
    const schema = Buffer.from(pairs.find(({ key }) => key === 'ARROW:schema')?.value ?? '', 'base64');
    assert.ok(schema.length > 100);
    const own = JSON.parse(pairs.find(({ key }) => key === 'metaclip')?.value ?? '{}') as Record<
      string,
      string
    >;
    assert.equal(own['model'], model.fingerprint);
    const rows = await readRows(path);
    const expected = await model.embedImage(rows.map((row) => join(photos, String(row['image_path']))));
    rows.forEach((row, at) => {
      const vector = Float32Array.from(row['image_embedding'] as number[]);
      assert.equal(vector.length, TINY_DIMENSION);
      vector.forEach((value, k) => {
        assert.ok(Math.abs(value - (expected.data[at * TINY_DIMENSION + k] ?? NaN)) < 1e-6);
      });
    });
    const [count, length] = await withDuckdb(async (connection) => {
      const sql = `SELECT count(*), max(list_distance(image_embedding, text_embedding)), max(len(text_embedding)) FROM read_parquet(${sqlPath(path)})`;
      const [row = []] = (await connection.runAndReadAll(sql)).getRows();
      return [Number(row[0]), Number(row[2])];
    });
    assert.deepEqual([count, length], [8, TINY_DIMENSION]);
  });

  it('gives the same bytes again, and goes on where it was stopped', async () => {
    const tree = treeOf(join(folder, 'layout'));
    await run('again');
    assert.deepEqual(treeOf(join(folder, 'again')), tree);

    const controller = new AbortController();
    const onProgress = ({ done }: { done: number }): void => {
      if (done === 6) controller.abort();
    };
    await assert.rejects(run('stopped', { signal: controller.signal, onProgress }), {
      code: 'E_INTERRUPTED',
    });
    assert.deepEqual(readdirSync(join(folder, 'stopped/img_emb')), ['img_emb_0.npy']);
    assert.equal((await run('stopped')).keptParts, 1);
    assert.deepEqual(treeOf(join(folder, 'stopped')), tree);
    // Once more: nothing is left to do.
    assert.deepEqual((await run('stopped')).keptParts, 3);
    assert.deepEqual(treeOf(join(folder, 'stopped')), tree);
    // A part whose images were touched, or whose marker is damaged, is made again.
    utimesSync(join(photos, '1.png'), 1, 1);
    rmSync(join(folder, 'stopped/done/part_2.json'));
    assert.deepEqual((await run('stopped')).keptParts, 1);
  });

  it('refuses another input, other options and a folder of something else', async () => {
    await assert.rejects(run('layout', { dtype: 'float16' }), { code: 'E_RUN_MISMATCH' });
    await assert.rejects(run('layout', { images: [join(photos, 'sub')] }), { code: 'E_RUN_MISMATCH' });
    await assert.rejects(run('photos'), { code: 'E_OUTPUT_NOT_EMPTY' });
  });

  it('refuses what makes no sense, and leaves nothing behind', async () => {
    const usage = { code: 'E_USAGE' };
    await assert.rejects(run('no1', { images: [] }), usage);
    await assert.rejects(run('no1', { textFiles: [join(folder, 'texts.txt')] }), usage);
    await assert.rejects(run('no1', { partSize: 0 }), usage);
    await assert.rejects(run('no1', { format: 'parquet', dtype: 'float16' }), usage);
    writeFileSync(join(folder, 'blank.txt'), '\n \n');
    await assert.rejects(run('no1', { images: [], textFiles: [join(folder, 'blank.txt')] }), {
      code: 'E_INPUT_EMPTY',
    });
    await assert.rejects(run('no1', { images: [], textFiles: [join(folder, 'absent.txt')] }), {
      code: 'E_INPUT_NOT_FOUND',
    });
    await assert.rejects(run('no1', { images: [join(folder, 'absent')] }), { code: 'E_INPUT_NOT_FOUND' });
    assert.ok(!readdirSync(folder).includes('no1'));
  });
});
