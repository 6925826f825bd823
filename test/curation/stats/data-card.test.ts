import assert from 'node:assert/strict';
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { parquetMetadata, parquetSchema, type SchemaTree } from 'hyparquet';
import { continueRun } from '../../../src/curation/continue-run.ts';
import { curate } from '../../../src/curation/curate.ts';
import { writeCardOfRun } from '../../../src/curation/stats/card-of-run.ts';
import { collectRunStats } from '../../../src/curation/stats/collect-run-stats.ts';
import { describeDataCard } from '../../../src/curation/stats/data-card.ts';
import { SHARD_SCHEMAS } from '../../../src/curation/write/shard-schema.ts';
import { readYaml, skipWithoutYaml } from '../../helpers/read-yaml.ts';
import { readCuratedRows, readParquetRows } from '../../helpers/read-run.ts';
import { SMALL_ENTRIES, writeSmallPool } from '../../helpers/small-pool.ts';
import { makeTempFolder } from '../../helpers/temp-folder.ts';

interface Head {
  pretty_name: string;
  license: string;
  license_name?: string;
  language?: string[];
  size_categories: string[];
  configs: { config_name: string; data_files: { split: string; path: string }[] }[];
  dataset_info: {
    config_name: string;
    features: { name: string; dtype?: string; sequence?: unknown }[];
    splits: { name: string; num_examples: number }[];
    download_size: number;
  };
}

function headOf(card: string): Head {
  const [, head = ''] = /^---\n([^]*?)\n---\n/.exec(card) ?? [];
  return readYaml(head) as Head;
}

/** Type of a Parquet column in the words of the hub. */
function typeOf({ element, children }: SchemaTree): string {
  if (element.converted_type === 'LIST')
    return `list of ${String(children[0]?.children[0]?.element.converted_type)}`;
  if (element.type === 'FLOAT') return 'float32';
  return element.converted_type === 'UTF8' ? 'string' : String(element.type);
}

describe('the data card of a run', () => {
  let folder: string;
  let out: string;
  const hooks: (() => void)[] = [];
  const control = (): { cacheDir: string; workers: number } => ({
    cacheDir: join(folder, 'cache'),
    workers: 1,
  });

  before(async () => {
    folder = makeTempFolder({ after: (hook) => hooks.push(hook) });
    out = join(folder, 'run');
    const metadata = join(folder, 'entries.json');
    // Frequent ones whose names would break a table.
    writeFileSync(metadata, JSON.stringify(['the', 'a|b', '<b>', ...SMALL_ENTRIES.slice(1)]));
    const inputs = writeSmallPool(join(folder, 'pool'), 2, 150);
    const odd = ['a|b', 'the <b> of', 'a|b <b>'].map((caption, i) => ({
      url: `https://x.example/${i}`,
      caption,
    }));
    const oddPath = join(folder, 'pool', 'odd.jsonl');
    writeFileSync(oddPath, odd.map((row) => `${JSON.stringify(row)}\n`).join(''));
    await curate({ inputs: [...inputs, oddPath], out, metadata, t: 5, lang: 'off', ...control() });
  });
  after(() => {
    for (const hook of hooks) hook();
  });
  const copyOf = (name: string): string => {
    const copy = join(folder, name);
    cpSync(out, copy, { recursive: true });
    return copy;
  };

  it('is there when a run ends, with the numbers of the run', async () => {
    const card = readFileSync(join(out, 'README.md'), 'utf8');
    const { pairs, counts, run } = await collectRunStats(out, { detail: false });
    assert.ok(card.includes(`**${pairs.kept}**`));
    assert.ok(card.includes(`| entries hit | ${counts.hit} of ${counts.total} |`));
    assert.ok(card.includes('FILL-IN-the-licence'));
    assert.ok(!card.includes(folder));
    assert.ok(card.includes(`sha256 \`${run.list.fingerprint}\``));
  });

  it('has for each entry the number of kept pairs, in list order', async () => {
    const card = JSON.parse(readFileSync(join(out, 'datacard.json'), 'utf8')) as Record<string, number>;
    const kept = new Map<number, number>();
    for (const { entry_ids } of await readCuratedRows(out)) {
      for (const id of entry_ids as number[]) kept.set(id, (kept.get(id) ?? 0) + 1);
    }
    const rows = await readParquetRows(join(out, 'entry_counts.parquet'));
    assert.deepEqual(
      Object.entries(card),
      rows.map((row) => [row['entry'], kept.get(Number(row['entry_id'])) ?? 0]),
    );
  });

  it(
    'has a head that YAML reads, with the columns of the shards, in every schema',
    { skip: skipWithoutYaml },
    async () => {
      const copy = copyOf('schemas');
      for (const schema of SHARD_SCHEMAS) {
        await continueRun(copy, 'write', { schema, ...control() });
        const head = headOf(readFileSync(join(copy, 'README.md'), 'utf8'));
        const { features, splits } = head.dataset_info;
        const path = head.configs[0]?.data_files[0]?.path ?? '';
        const [, extension = ''] = /^curated\/\*(\..+)$/.exec(path) ?? [];
        const shards = readdirSync(join(copy, 'curated')).filter((name) => name.endsWith(extension));
        assert.equal(shards.length, 3, schema);
        const first = readFileSync(join(copy, 'curated', shards[0] ?? ''));
        if (extension === '.parquet') {
          const bytes = Uint8Array.from(first).buffer;
          const columns = parquetSchema(parquetMetadata(bytes)).children;
          assert.deepEqual(
            features.map(({ name, dtype, sequence }) => [
              name,
              dtype ?? (sequence === 'uint32' ? 'list of UINT_32' : '?'),
            ]),
            columns.map((column) => [column.element.name, typeOf(column)]),
          );
          const rows = await readCuratedRows(copy);
          assert.equal(splits[0]?.num_examples, rows.length);
        } else {
          const [line = ''] = gunzipSync(first).toString().split('\n');
          assert.deepEqual(
            features.map(({ name }) => name),
            Object.keys(JSON.parse(line) as object),
          );
          assert.deepEqual(features[2]?.sequence, { sequence: 'string' });
        }
        assert.deepEqual(head.size_categories, ['n<1K']);
        assert.equal(head.license, 'other');
        assert.equal(head.language, undefined);
        assert.equal(
          head.dataset_info.download_size,
          shards.reduce((sum, name) => sum + readFileSync(join(copy, 'curated', name)).length, 0),
        );
      }
    },
  );

  it('takes name and licence, remembers them, and stays YAML', { skip: skipWithoutYaml }, async () => {
    const copy = copyOf('named');
    const name = 'Pairs: "odd" \\ #1 🐈';
    const { cardPath, wasEdited } = await writeCardOfRun(copy, { choices: { name, license: 'cc-by-4.0' } });
    assert.deepEqual([cardPath, wasEdited], [join(copy, 'README.md'), false]);
    await continueRun(copy, 'write', { t: 2, ...control() });
    const card = readFileSync(cardPath, 'utf8');
    const head = headOf(card);
    assert.deepEqual([head.pretty_name, head.license, head.license_name], [name, 'cc-by-4.0', undefined]);
    assert.ok(card.includes('t = 2,'));
    assert.ok(!card.includes('FILL-IN'));
  });

  it('is not overwritten once it was changed by hand, unless that is asked for', async () => {
    const copy = copyOf('edited');
    const path = join(copy, 'README.md');
    const original = readFileSync(path, 'utf8');
    const edited = original.replace('license: other', 'license: mit');
    writeFileSync(path, edited);
    await continueRun(copy, 'write', { t: 2, ...control() });
    assert.equal(readFileSync(path, 'utf8'), edited);
    assert.ok(readFileSync(join(copy, 'README.new.md'), 'utf8').includes('t = 2,'));
    assert.equal((await writeCardOfRun(copy)).wasEdited, true);
    await writeCardOfRun(copy, { force: true });
    assert.ok(readFileSync(path, 'utf8').includes('t = 2,'));
    assert.ok(!existsSync(join(copy, 'README.new.md')));
    // One that was written by hand from the start is no different.
    writeFileSync(path, '# mine\n');
    await writeCardOfRun(copy);
    assert.equal(readFileSync(path, 'utf8'), '# mine\n');
  });

  it('is refused for shards that are missing or of another cap', async () => {
    const copy = copyOf('stale');
    await continueRun(copy, 'balance', { t: 2, ...control() });
    await assert.rejects(writeCardOfRun(copy), { code: 'E_RUN_INCOMPLETE' });
    await assert.rejects(writeCardOfRun(join(folder, 'pool')), { code: 'E_RUN_MISSING' });
  });

  it('shows entries as they are, whatever they hold', async () => {
    const stats = await collectRunStats(out, { detail: false });
    const top = ['a|b', '<script>', '`x`', 'line\nbreak', '[link](x)'].map((entry, id) => ({
      id,
      entry,
      before: 1,
      after: 1,
    }));
    const card = describeDataCard(
      { ...stats, counts: { ...stats.counts, top } },
      { count: 1, sizeBytes: 1 },
      {},
    );
    for (const row of ['| a\\|b |', '| &lt;script> |', '| \\`x\\` |', '| line break |', '| \\[link\\](x) |'])
      assert.ok(card.includes(row), row);
  });
});
