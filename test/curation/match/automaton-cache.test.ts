/** Automatons on disk: equal after a round trip, and every way in which a file can be unusable. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import {
  attachAutomaton,
  HEADER,
  HEADER_BYTES,
  LAYOUT_VERSION,
} from '../../../src/curation/match/automaton.ts';
import {
  automatonFileName,
  defaultCacheFolder,
  loadAutomaton,
  openAutomaton,
  saveAutomaton,
} from '../../../src/curation/match/automaton-cache.ts';
import { buildAutomaton } from '../../../src/curation/match/build-automaton.ts';
import { Matcher } from '../../../src/curation/match/matcher.ts';
import { createEntryList } from '../../../src/metadata/entry-list.ts';

const list = createEntryList(
  ['a', 'b c', 'St. Louis', 'a token of more than sixteenbytesinonepiece', ' x'],
  'test',
);
const other = createEntryList(['a', 'b c'], 'other');

describe('automaton files', () => {
  let folder: string;
  let path: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'metaclip-cache-'));
    path = join(folder, 'deep', 'list.automaton');
    await saveAutomaton(path, buildAutomaton(list, 'mended'));
  });
  after(async () => {
    await rm(folder, { recursive: true });
  });

  /** Writes a changed copy of the good file. */
  function spoil(change: (bytes: Buffer) => Buffer): string {
    const spoilt = join(folder, 'spoilt.automaton');
    writeFileSync(spoilt, change(readFileSync(path)));
    return spoilt;
  }
  const setNumber = (position: number, value: number) => (bytes: Buffer) => {
    bytes.writeInt32LE(value, position * 4);
    return bytes;
  };

  it('come back byte for byte, and know what they are made from', async () => {
    const built = buildAutomaton(list, 'mended');
    const loaded = await loadAutomaton(path, { fingerprint: list.fingerprint, compat: 'mended' });
    assert.ok(Buffer.from(loaded.shared).equals(Buffer.from(built.shared)));
    assert.equal(loaded.fingerprint, list.fingerprint);
    assert.equal(loaded.compat, 'mended');
    assert.equal(loaded.entryCount, 5);
    assert.ok(loaded.shared instanceof SharedArrayBuffer);
    assert.deepEqual(new Matcher(loaded).matchText('a St. Louis b c'), [0, 1, 2]);
  });

  it('are the same for the same list, and leave no temporary file', async () => {
    const again = join(folder, 'deep', 'again.automaton');
    await saveAutomaton(again, buildAutomaton(list, 'mended'));
    assert.ok(readFileSync(again).equals(readFileSync(path)));
    assert.deepEqual(readdirSync(join(folder, 'deep')).sort(), ['again.automaton', 'list.automaton']);
  });

  it('survive being saved while attached elsewhere: the block is not written to', async () => {
    const automaton = buildAutomaton(list, 'metaclip');
    const before = Buffer.from(new Uint8Array(automaton.shared));
    await saveAutomaton(join(folder, 'x.automaton'), automaton);
    assert.ok(before.equals(Buffer.from(automaton.shared)));
  });

  for (const [name, change] of Object.entries<(bytes: Buffer) => Buffer>({
    'cut in half': (bytes) => bytes.subarray(0, bytes.length / 2),
    'cut by one byte': (bytes) => bytes.subarray(0, -1),
    'cut inside the header': (bytes) => bytes.subarray(0, 100),
    empty: () => Buffer.alloc(0),
    'one byte too long': (bytes) => Buffer.concat([bytes, Buffer.from('x')]),
    'a bit flipped in the tables': (bytes) => {
      const at = HEADER_BYTES + 1200;
      bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
      return bytes;
    },
    'a bit flipped at its end': (bytes) => {
      bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 128, bytes.length - 1);
      return bytes;
    },
    'a bit flipped in the checksum': (bytes) => {
      bytes.writeUInt8(bytes.readUInt8(HEADER.checksum * 4) ^ 1, HEADER.checksum * 4);
      return bytes;
    },
    'another seed': setNumber(HEADER.seed, 12345),
    'a table outside of it': setNumber(HEADER.edgeStart, 1 << 28),
    'a table of no buckets': setNumber(HEADER.mediumShift, 32),
    'a negative table': setNumber(HEADER.shortStart, -64),
    'a pool outside of it': setNumber(HEADER.poolBytes, 1 << 28),
    'groups of negative length': setNumber(HEADER.groupLength, -1),
  })) {
    it(`are refused as damaged: ${name}`, async () => {
      const spoilt = spoil(change);
      await assert.rejects(loadAutomaton(spoilt), (error: Error & { code?: string; hint?: string }) => {
        assert.equal(error.code, 'E_INPUT_UNREADABLE');
        assert.ok(error.message.startsWith(spoilt), error.message);
        assert.match(error.hint ?? '', /delete the cache file/);
        return true;
      });
    });
  }

  for (const [name, change] of Object.entries({
    'not an automaton': setNumber(HEADER.magic, 0x4d434131),
    'another layout version': setNumber(HEADER.version, LAYOUT_VERSION + 1),
  })) {
    it(`are refused as of another version: ${name}`, async () => {
      await assert.rejects(loadAutomaton(spoil(change)), { code: 'E_AUTOMATON_VERSION' });
    });
  }

  it('are refused for another list or rule', async () => {
    const code = 'E_AUTOMATON_VERSION';
    await assert.rejects(loadAutomaton(path, { fingerprint: other.fingerprint, compat: 'mended' }), { code });
    await assert.rejects(loadAutomaton(path, { fingerprint: list.fingerprint, compat: 'metaclip' }), {
      code,
    });
  });

  it('that are absent or a folder have codes of their own', async () => {
    await assert.rejects(loadAutomaton(join(folder, 'absent')), { code: 'E_INPUT_NOT_FOUND' });
    await assert.rejects(loadAutomaton(folder), { code: 'E_INPUT_UNREADABLE' });
  });

  it('attachAutomaton refuses memory that is no automaton', () => {
    assert.throws(() => attachAutomaton(new SharedArrayBuffer(0)), { code: 'E_INPUT_UNREADABLE' });
    assert.throws(() => attachAutomaton(new SharedArrayBuffer(4096)), { code: 'E_AUTOMATON_VERSION' });
  });
});

describe('openAutomaton', () => {
  let cacheDir: string;
  before(async () => {
    cacheDir = await mkdtemp(join(tmpdir(), 'metaclip-cache-'));
  });
  after(async () => {
    await rm(cacheDir, { recursive: true });
  });
  const fileOf = (): string => join(cacheDir, automatonFileName(list.fingerprint, 'metaclip'));

  it('builds and saves, then loads', async () => {
    const built = await openAutomaton(list, 'metaclip', { cacheDir });
    const { mtimeMs, size } = statSync(fileOf());
    assert.equal(size, built.sizeBytes);
    const loaded = await openAutomaton(list, 'metaclip', { cacheDir });
    assert.equal(statSync(fileOf()).mtimeMs, mtimeMs);
    assert.ok(Buffer.from(loaded.shared).equals(Buffer.from(built.shared)));
  });

  it('replaces a damaged file', async () => {
    const good = readFileSync(fileOf());
    writeFileSync(fileOf(), good.subarray(0, 1000));
    const automaton = await openAutomaton(list, 'metaclip', { cacheDir });
    assert.deepEqual(new Matcher(automaton).matchText('b c'), [1]);
    assert.ok(readFileSync(fileOf()).equals(good));
  });

  it('never mistakes the list of another for its own', async () => {
    await openAutomaton(other, 'metaclip', { cacheDir });
    writeFileSync(fileOf(), readFileSync(join(cacheDir, automatonFileName(other.fingerprint, 'metaclip'))));
    const automaton = await openAutomaton(list, 'metaclip', { cacheDir });
    assert.equal(automaton.fingerprint, list.fingerprint);
  });

  it('keeps both rules apart', async () => {
    await openAutomaton(list, 'metaclip', { cacheDir });
    const mended = await openAutomaton(list, 'mended', { cacheDir });
    assert.deepEqual(new Matcher(mended).matchText('St. Louis'), [2]);
  });

  it('works without a usable cache folder', async () => {
    const file = join(cacheDir, 'a-file');
    writeFileSync(file, '');
    for (const unusable of [join(file, 'below'), file]) {
      const automaton = await openAutomaton(list, 'metaclip', { cacheDir: unusable });
      assert.deepEqual(new Matcher(automaton).matchText('a'), [0]);
    }
    // A folder where the file should be.
    const blocked = join(cacheDir, 'blocked');
    mkdirSync(join(blocked, automatonFileName(list.fingerprint, 'metaclip')), { recursive: true });
    assert.equal((await openAutomaton(list, 'metaclip', { cacheDir: blocked })).entryCount, 5);
  });

  it('writes nothing with cacheDir: null', async () => {
    const home = join(cacheDir, 'home');
    const saved = process.env['METACLIP_CACHE'];
    process.env['METACLIP_CACHE'] = home;
    try {
      await openAutomaton(list, 'metaclip', { cacheDir: null });
      assert.equal(existsSync(home), false);
      await openAutomaton(list, 'metaclip');
      assert.equal(readdirSync(join(home, 'automata')).length, 1);
    } finally {
      if (saved === undefined) delete process.env['METACLIP_CACHE'];
      else process.env['METACLIP_CACHE'] = saved;
    }
  });
});

describe('defaultCacheFolder', () => {
  const rows: [Record<string, string>, string, RegExp][] = [
    [{ METACLIP_CACHE: '/m', XDG_CACHE_HOME: '/x' }, 'linux', /^\/m\/automata$/],
    [{ METACLIP_CACHE: '', XDG_CACHE_HOME: '/x' }, 'linux', /^\/x\/metaclip\/automata$/],
    [{}, 'linux', /\.cache\/metaclip\/automata$/],
    [{}, 'darwin', /Library\/Caches\/metaclip\/automata$/],
    [{ LOCALAPPDATA: '/l' }, 'win32', /^\/l\/metaclip\/automata$/],
    [{}, 'win32', /AppData\/Local\/metaclip\/automata$/],
  ];
  for (const [env, platform, expected] of rows) {
    it(`${platform} ${JSON.stringify(env)}`, () => {
      assert.match(defaultCacheFolder(env, platform).replaceAll('\\', '/'), expected);
    });
  }
});
