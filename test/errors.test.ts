/** Every error code is raised by the real thing, has a hint, and keeps its code on the way out of a thread. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createEntryList } from '../src/metadata/entry-list.ts';
import {
  describeSystemError,
  ERROR_CODES,
  type ErrorCode,
  MetaclipError,
  type PlainError,
} from '../src/common/errors.ts';
import { checkWritable, writeFileAtomic } from '../src/common/files.ts';
import { continueRun } from '../src/curation/continue-run.ts';
import { matchInputs } from '../src/curation/curate.ts';
import { resolveCurateOptions } from '../src/curation/curate-options.ts';
import { readLidModel } from '../src/curation/language/lid-model.ts';
import { HEADER } from '../src/curation/match/automaton.ts';
import { loadAutomaton, saveAutomaton } from '../src/curation/match/automaton-cache.ts';
import { buildAutomaton } from '../src/curation/match/build-automaton.ts';
import { RunLayout } from '../src/curation/run/layout.ts';
import { readRunFile, requireRunFile } from '../src/curation/run/run-file.ts';
import { importModel } from '../src/model/import/import-model.ts';
import { readModelFolder } from '../src/model/model-folder.ts';
import { pullModel } from '../src/model/pull/pull-model.ts';
import { resolveColumns } from '../src/curation/sources/columns.ts';
import { listInputs } from '../src/curation/sources/list-inputs.ts';
import { decodeImage } from '../src/model/preprocess/decode-image.ts';
import { parsePreprocessorConfig } from '../src/model/preprocess/preprocessor-config.ts';
import { loadTokenizer } from '../src/model/tokenize/load-tokenizer.ts';
import { checkSameModel } from '../src/model/score/embeddings.ts';
import { JobPool } from '../src/executors/job-pool.ts';
import { startHub } from './helpers/hub-server.ts';
import { makeTempFolder } from './helpers/temp-folder.ts';

/** What a promise or call failed with. */
async function failureOf(action: () => unknown): Promise<unknown> {
  try {
    await action();
  } catch (error) {
    return error;
  }
  return assert.fail('nothing was thrown');
}

describe('the error codes', () => {
  let folder: string;
  const hooks: (() => void)[] = [];
  const path = (name: string): string => join(folder, name);
  const makeFolder = (name: string): string => {
    mkdirSync(path(name), { recursive: true });
    return path(name);
  };
  const options = (out: string, seed = 0): Parameters<typeof matchInputs>[0] => ({
    inputs: [path('pool.jsonl')],
    out: path(out),
    metadata: path('entries.txt'),
    lang: 'off',
    workers: 1,
    seed,
    cacheDir: path('cache'),
  });

  before(async () => {
    folder = makeTempFolder({ after: (hook) => hooks.push(hook) });
    writeFileSync(path('entries.txt'), 'red fox\ndog\n');
    writeFileSync(path('others.txt'), 'red fox\ncat\n');
    writeFileSync(path('pool.jsonl'), '{"url":"http://h/1.jpg","caption":"a red fox"}\n');
    writeFileSync(path('picture.jpg'), Buffer.from('ffd8ffe000104a46494600', 'hex'));
    await matchInputs(options('run'));
  });
  after(() => {
    for (const hook of hooks) hook();
  });

  /** How to come to each code; a record, so that the compiler asks for a new one. */
  const CASES: Readonly<Record<ErrorCode, () => unknown>> = {
    E_USAGE: () => resolveCurateOptions({ inputs: [], out: 'run' }),
    E_INPUT_NOT_FOUND: () => listInputs([path('absent.jsonl')]),
    E_INPUT_EMPTY: () => listInputs([makeFolder('nothing')]),
    E_RUN_MISMATCH: () => matchInputs(options('run', 1)),
    E_RUN_INCOMPLETE: async () => {
      // Another input than the marker is of: what was matched is not the run's.
      const run = (await readRunFile(new RunLayout(path('run')))) ?? assert.fail('no run file');
      const other = { ...run, tasks: run.tasks.map((task) => ({ ...task, fingerprint: '00' })) };
      makeFolder('incomplete');
      await writeFileAtomic(path('incomplete/run.json'), JSON.stringify(other));
      await continueRun(path('incomplete'), 'count', { cacheDir: path('cache') });
    },
    E_RUN_MISSING: () => requireRunFile(new RunLayout(makeFolder('no-run'))),
    E_OUTPUT_NOT_EMPTY: () => {
      makeFolder('full');
      writeFileSync(path('full/thesis.txt'), 'mine');
      return matchInputs(options('full'));
    },
    E_FORMAT_UNKNOWN: () => listInputs([path('picture.jpg')]),
    E_COLUMN_MISSING: () => resolveColumns(['a', 'b'], {}, 'pool.csv'),
    E_INPUT_UNREADABLE: () => loadAutomaton(path('pool.jsonl')),
    E_METADATA_FORMAT: () => createEntryList(['dog', 'dog'], 'entries.json'),
    E_METADATA_MISMATCH: () =>
      continueRun(path('run'), 'count', { metadata: path('others.txt'), cacheDir: path('cache') }),
    E_AUTOMATON_VERSION: async () => {
      const file = path('old.automaton');
      await saveAutomaton(file, buildAutomaton(createEntryList(['dog'], 'one'), 'metaclip'));
      const bytes = readFileSync(file);
      bytes.writeUInt32LE(1, HEADER.version * 4);
      writeFileSync(file, bytes);
      await loadAutomaton(file);
    },
    E_DAMAGED_RUN_FILE: () => {
      makeFolder('damaged');
      writeFileSync(path('damaged/run.json'), '{"formatVersion": 0}');
      return readRunFile(new RunLayout(path('damaged')));
    },
    E_IMAGE_UNREADABLE: () => decodeImage(Buffer.from('ffd8ffe000104a46494600', 'hex')),
    E_IMAGE_UNSUPPORTED: () => decodeImage(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>')),
    E_IMAGE_TOO_LARGE: () => decodeImage(path('picture.jpg'), { maxFileBytes: 10 }),
    E_PREPROCESS_CONFIG: () =>
      parsePreprocessorConfig({ size: 224, resample: 9 }, 'preprocessor_config.json'),
    E_TOKENIZER_FORMAT: () => loadTokenizer(makeFolder('no-tokenizer')),
    E_OUTPUT_UNWRITABLE: () => {
      checkWritable(path('pool.jsonl/run'));
    },
    E_DISK_FULL: () => {
      try {
        writeFileSync('/dev/full', 'no room for this');
      } catch (error) {
        throw describeSystemError(error, '/dev/full', 'write');
      }
    },
    E_MODEL_FORMAT: async () => {
      const folder = makeFolder('damaged-model');
      writeFileSync(join(folder, 'metaclip-model.json'), '{"formatVersion": 0}');
      await readModelFolder(folder);
    },
    E_MODEL_UNSUPPORTED: async () => {
      const folder = makeFolder('other-model');
      writeFileSync(join(folder, 'config.json'), '{"model_type": "bert"}');
      writeFileSync(join(folder, 'model.safetensors'), '');
      await importModel(folder, path('other-imported'));
    },
    E_CHECKSUM: async () => {
      const files = { 'config.json': Buffer.from('{}'), 'model.safetensors': Buffer.alloc(20_000) };
      const hub = await startHub(new Map(Object.entries(files)), { corrupts: true });
      try {
        await pullModel('owner/tiny', path('pulled'), {
          access: { endpoint: hub.endpoint, token: undefined },
        });
      } finally {
        await hub.close();
      }
    },
    E_DOWNLOAD_FAILED: async () => {
      const hub = await startHub(new Map());
      await hub.close(); // nobody listens there now
      await pullModel('owner/tiny', path('pulled'), { access: { endpoint: hub.endpoint, token: undefined } });
    },
    E_MODEL_MISMATCH: () => {
      const row = { data: Float32Array.of(1), count: 1, dimension: 1 };
      checkSameModel({ ...row, fingerprint: 'one' }, { ...row, fingerprint: 'another' });
    },
    E_MODEL_MISSING: () => readLidModel(path('absent.ftz')),
    E_INTERRUPTED: () => matchInputs({ ...options('interrupted'), signal: AbortSignal.abort() }),
  };

  for (const code of ERROR_CODES) {
    const skip =
      code === 'E_DISK_FULL' && process.platform !== 'linux' ? 'skipped: no /dev/full on this system' : false;
    it(`${code} is raised, with a message of one place and a hint`, { skip }, async () => {
      const error = await failureOf(CASES[code]);
      assert.ok(error instanceof MetaclipError, String(error));
      assert.equal(error.code, code, error.message);
      assert.ok(error.message.length > 10 && !error.message.includes('undefined'), error.message);
      assert.ok(error.hint !== undefined && error.hint.length > 10, error.message);
      const exitCodes = { usage: 2, data: 3, environment: 4 };
      assert.equal(error.exitCode, code === 'E_INTERRUPTED' ? 130 : exitCodes[error.family]);
    });
  }

  it('are all thrown somewhere in the sources', () => {
    const root = new URL('../src/', import.meta.url);
    const texts = readdirSync(root, { recursive: true })
      .map(String)
      .filter((name) => name.endsWith('.ts'))
      .map((name) =>
        readFileSync(new URL(name.replaceAll('\\', '/'), root), 'utf8').replaceAll(/\/\*[^]*?\*\//g, ''),
      );
    const unused = ERROR_CODES.filter((code) => !texts.some((text) => text.includes(`'${code}',`)));
    assert.deepEqual(unused, []);
  });
});

describe('an error on its way', () => {
  const rows: MetaclipError[] = [
    new MetaclipError('E_USAGE', 'bare'),
    new MetaclipError('E_RUN_MISMATCH', 'two\nlines', { hint: 'do this' }),
    new MetaclipError('E_INPUT_UNREADABLE', 'a.gz: damaged', {
      hint: 'download it again',
      details: { path: 'a.gz', byte: 12, isWhole: false, got: null },
      cause: new Error('inner'),
    }),
  ];
  for (const error of rows) {
    it(`${error.code} comes back from its plain form, through structured cloning`, () => {
      const plain: PlainError = structuredClone(error.toPlain());
      const revived = MetaclipError.fromPlain(plain);
      assert.ok(revived instanceof MetaclipError);
      for (const field of ['name', 'code', 'message', 'hint', 'details', 'family', 'exitCode'] as const)
        assert.deepEqual(revived[field], error[field], field);
      assert.deepEqual(revived.toPlain(), error.toPlain());
    });
  }

  it('would lose its code as an Error: why there is a plain form', () => {
    assert.equal('code' in structuredClone(rows[1] ?? assert.fail()), false);
  });

  it('leaves a worker thread with its code, hint and details', async (test) => {
    const root = makeTempFolder(test);
    const layout = new RunLayout(root);
    mkdirSync(join(root, 'matched'));
    writeFileSync(layout.keys(0), 'no keys file');
    const pool = new JobPool({ workers: 1 });
    try {
      const job = { kind: 'count', root, rowCount: 1, partitionCount: 0, entryCount: 1, footer: {} } as const;
      const damaged = await failureOf(() => pool.run({ ...job, task: 0 }));
      assert.ok(damaged instanceof MetaclipError, String(damaged));
      assert.equal(damaged.code, 'E_DAMAGED_RUN_FILE');
      assert.ok(damaged.message.startsWith(layout.keys(0)), damaged.message);
      assert.ok(damaged.hint !== undefined);
      assert.equal(damaged.details['path'], layout.keys(0));
      // The thread is still good for other work.
      const absent = await failureOf(() => pool.run({ ...job, task: 1 }));
      assert.ok(absent instanceof MetaclipError, String(absent));
      assert.equal(absent.code, 'E_DAMAGED_RUN_FILE');
      assert.ok(absent.message.startsWith(layout.keys(1)), absent.message);
    } finally {
      await pool.close();
    }
  });
});

describe('describeSystemError', () => {
  const rows: [string, string, ErrorCode][] = [
    ['ENOSPC', 'write', 'E_DISK_FULL'],
    ['EDQUOT', 'write', 'E_DISK_FULL'],
    ['EACCES', 'read', 'E_INPUT_UNREADABLE'],
    ['EPERM', 'read', 'E_INPUT_UNREADABLE'],
    ['EACCES', 'write', 'E_OUTPUT_UNWRITABLE'],
    ['EPERM', 'rename', 'E_OUTPUT_UNWRITABLE'],
    ['EROFS', 'write', 'E_OUTPUT_UNWRITABLE'],
    ['ENOENT', 'read', 'E_INPUT_NOT_FOUND'],
    ['ENOENT', 'write', 'E_OUTPUT_UNWRITABLE'],
    ['EISDIR', 'read', 'E_INPUT_UNREADABLE'],
    ['ENOTDIR', 'read', 'E_INPUT_UNREADABLE'],
    ['ENOTDIR', 'write', 'E_OUTPUT_UNWRITABLE'],
    ['EISDIR', 'write', 'E_OUTPUT_UNWRITABLE'],
    ['EEXIST', 'write', 'E_OUTPUT_UNWRITABLE'],
  ];
  for (const [systemCode, doing, code] of rows) {
    it(`${systemCode} while trying to ${doing} is ${code}`, () => {
      const cause = Object.assign(new Error('from the system'), { code: systemCode });
      const error = describeSystemError(cause, 'some/file', doing);
      assert.ok(error instanceof MetaclipError);
      assert.equal(error.code, code);
      assert.ok(error.message.startsWith('some/file: '), error.message);
      assert.ok(error.hint !== undefined);
      // A hint about --out helps nobody whose input is wrong.
      assert.equal(error.hint.includes('--out'), doing !== 'read');
      assert.deepEqual(error.details, { path: 'some/file' });
      assert.equal(error.cause, cause);
    });
  }

  it('passes on what it does not know, unchanged', () => {
    const ours = new MetaclipError('E_USAGE', 'ours');
    const others = [
      ours,
      Object.assign(new Error('busy'), { code: 'EBUSY' }),
      new Error('no code'),
      'text',
      null,
    ];
    for (const error of others) assert.equal(describeSystemError(error, 'f', 'read'), error);
  });
});
