/** Models are fetched from a loopback hub: whole, in pieces, with wrong bytes, without permission, without a network. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { MetaclipError } from '../../../src/common/errors.ts';
import { readModelFolder } from '../../../src/model/model-folder.ts';
import { describeHubModel, hubAccess } from '../../../src/model/pull/hub-client.ts';
import { pullModel, type PullPlan } from '../../../src/model/pull/pull-model.ts';
import { hubConfig, makeClip, TINY } from '../../helpers/clip-weights.ts';
import { type HubBehaviour, type HubServer, startHub } from '../../helpers/hub-server.ts';
import { runCli } from '../../helpers/run-cli.ts';
import { makeTempFolder } from '../../helpers/temp-folder.ts';
import { writeSafetensors } from '../../helpers/write-checkpoint.ts';

const WEIGHTS = 'model.safetensors';
/** No real one; what matters is that it never shows. */
const TOKEN = 'hf_notarealtoken';

describe('pullModel', () => {
  const hooks: (() => void)[] = [];
  const files = new Map<string, Buffer>();
  before(() => {
    const folder = makeTempFolder({ after: (hook) => hooks.push(hook) });
    writeSafetensors(join(folder, WEIGHTS), makeClip(TINY, 1, 'transformers'));
    files.set(WEIGHTS, readFileSync(join(folder, WEIGHTS)));
    files.set('config.json', Buffer.from(JSON.stringify(hubConfig(TINY, 'gelu'))));
    files.set('README.md', Buffer.from('---\nlicense: cc-by-nc-4.0\n---\n# tiny\n'));
    files.set('pytorch_model.bin', Buffer.alloc(20_000));
    files.set('tf_model.h5', Buffer.alloc(20_000));
    files.set('sub/../../escape.txt', Buffer.from('no'));
  });
  after(() => {
    for (const hook of hooks) hook();
  });

  const start = async (test: TestContext, behaviour: HubBehaviour = {}): Promise<HubServer> => {
    const hub = await startHub(files, behaviour);
    test.after(() => hub.close());
    return hub;
  };
  const accessOf = (hub: HubServer, token?: string): { endpoint: string; token: string | undefined } => ({
    endpoint: hub.endpoint,
    token,
  });
  const fileRequests = (hub: HubServer): HubServer['requests'] =>
    hub.requests.filter(({ path }) => path.endsWith(WEIGHTS));
  const assertWhole = async (out: string): Promise<void> => {
    assert.deepEqual(readFileSync(join(out, WEIGHTS)), files.get(WEIGHTS));
    assert.equal((await readModelFolder(out)).manifest.name, 'owner/tiny');
    assert.deepEqual(
      readdirSync(out).filter((name) => name.includes('.part') || name.includes('.tmp-')),
      [],
    );
  };

  it('fetches what is needed and nothing else, tells the licence first, and imports', async (test) => {
    const hub = await start(test);
    const out = join(makeTempFolder(test), 'tiny');
    const plans: PullPlan[] = [];
    let last: [number, number] = [0, 0];
    const result = await pullModel('owner/tiny', out, {
      access: accessOf(hub),
      onPlan: (plan) => {
        assert.ok(!existsSync(join(out, WEIGHTS)), 'told after the download');
        plans.push(plan);
      },
      onProgress: (have, total) => (last = [have, total]),
    });
    await assertWhole(out);
    assert.equal(plans[0]?.licence, 'cc-by-nc-4.0');
    assert.equal(result.manifest.licence, 'cc-by-nc-4.0');
    assert.deepEqual(readdirSync(out).sort(), [
      'README.md',
      'config.json',
      'metaclip-model.json',
      WEIGHTS,
      'text.onnx',
      'vision.onnx',
    ]);
    assert.equal(result.plan.fileCount, 3);
    assert.deepEqual(last, [result.plan.totalBytes, result.plan.totalBytes]);
    assert.equal(result.keptFiles, 0);
    assert.ok(hub.requests.every(({ authorization }) => authorization === undefined));
  });

  it('called again it fetches no file', async (test) => {
    const hub = await start(test);
    const out = makeTempFolder(test);
    await pullModel('owner/tiny', out, { access: accessOf(hub) });
    const before = fileRequests(hub).length;
    const again = await pullModel('owner/tiny', out, { access: accessOf(hub) });
    assert.equal(again.keptFiles, 3);
    assert.equal(fileRequests(hub).length, before);
    await assertWhole(out);
  });

  it('a file that was changed on the disk is fetched anew', async (test) => {
    const hub = await start(test);
    const out = makeTempFolder(test);
    await pullModel('owner/tiny', out, { access: accessOf(hub) });
    const changed = Buffer.from(files.get(WEIGHTS) ?? assert.fail());
    changed[changed.length - 1]! ^= 1;
    writeFileSync(join(out, WEIGHTS), changed);
    assert.equal((await pullModel('owner/tiny', out, { access: accessOf(hub) })).keptFiles, 2);
    await assertWhole(out);
  });

  it('goes on by itself when the connection breaks, asking only for the rest', async (test) => {
    const hub = await start(test, { cuts: { afterBytes: 30_000, times: 2 } });
    const out = makeTempFolder(test);
    await pullModel('owner/tiny', out, { access: accessOf(hub) });
    await assertWhole(out);
    const ranges = fileRequests(hub).map(({ range }) => range);
    assert.deepEqual(ranges, [undefined, 'bytes=30000-', 'bytes=60000-']);
  });

  it('is taken up by a later call where it ended', async (test) => {
    const hub = await start(test, { cuts: { afterBytes: 40_000, times: 1 } });
    const out = makeTempFolder(test);
    const stop = new AbortController();
    await assert.rejects(
      pullModel('owner/tiny', out, {
        access: accessOf(hub),
        signal: stop.signal,
        onProgress: (have) => {
          if (have > 40_000) stop.abort();
        },
      }),
      { code: 'E_INTERRUPTED', exitCode: 130 },
    );
    const parts = readdirSync(out).filter((name) => name.endsWith('.part'));
    assert.equal(parts.length, 1);
    assert.ok(!existsSync(join(out, WEIGHTS)));
    hub.requests.length = 0;
    await pullModel('owner/tiny', out, { access: accessOf(hub) });
    assert.match(fileRequests(hub)[0]?.range ?? '', /^bytes=[1-9]\d*-$/);
    await assertWhole(out);
  });

  it('a server without ranges: from the start, and still right', async (test) => {
    const hub = await start(test, { cuts: { afterBytes: 30_000, times: 1 }, ignoresRanges: true });
    const out = makeTempFolder(test);
    await pullModel('owner/tiny', out, { access: accessOf(hub) });
    await assertWhole(out);
  });

  it('gives up on a connection that always breaks, and keeps what came', async (test) => {
    const hub = await start(test, { cuts: { afterBytes: 0, times: 100 } });
    const out = makeTempFolder(test);
    await assert.rejects(pullModel('owner/tiny', out, { access: accessOf(hub) }), {
      code: 'E_DOWNLOAD_FAILED',
    });
    assert.ok(existsSync(join(out, 'config.json')));
    assert.ok(!existsSync(join(out, 'metaclip-model.json')));
  });

  it('wrong bytes are refused and removed', async (test) => {
    const hub = await start(test, { corrupts: true });
    const out = makeTempFolder(test);
    await assert.rejects(pullModel('owner/tiny', out, { access: accessOf(hub) }), (error) => {
      assert.ok(error instanceof MetaclipError);
      assert.equal(error.code, 'E_CHECKSUM');
      assert.match(error.message, /checksum [0-9a-f]{64}, the hub states [0-9a-f]{64}/);
      return true;
    });
    assert.ok(!readdirSync(out).some((name) => name.startsWith(WEIGHTS)));
  });

  it('a part of another version is not gone on with', async (test) => {
    const hub = await start(test);
    const out = makeTempFolder(test);
    writeFileSync(join(out, `${WEIGHTS}.${'0'.repeat(16)}.part`), Buffer.alloc(50_000, 1));
    await pullModel('owner/tiny', out, { access: accessOf(hub) });
    assert.equal(fileRequests(hub)[0]?.range, undefined);
    assert.deepEqual(readFileSync(join(out, WEIGHTS)), files.get(WEIGHTS));
  });

  it('a token goes to the hub, and not to the storage of another host', async (test) => {
    const storage = await start(test);
    const hub = await start(test, { token: TOKEN, storage: storage.endpoint });
    const out = makeTempFolder(test);
    await pullModel('owner/tiny', out, { access: accessOf(hub, TOKEN) });
    await assertWhole(out);
    assert.ok(hub.requests.every(({ authorization }) => authorization === `Bearer ${TOKEN}`));
    assert.ok(storage.requests.length > 0);
    assert.ok(storage.requests.every(({ authorization }) => authorization === undefined));
  });

  const REFUSALS: readonly (readonly [string, HubBehaviour, string | undefined, RegExp])[] = [
    ['no token', { token: TOKEN }, undefined, /no permission for owner\/tiny.*HF_TOKEN is not set/],
    ['another token', { token: TOKEN }, 'hf_other', /no permission for owner\/tiny.*HF_TOKEN is set/],
    ['403', { status: 403 }, undefined, /no permission/],
    ['404', { status: 404 }, undefined, /no such model/],
    ['429', { status: 429 }, undefined, /status 429/],
    ['500', { status: 500 }, undefined, /status 500/],
  ];
  for (const [name, behaviour, token, message] of REFUSALS) {
    it(`${name}: refused in words, nothing is written`, async (test) => {
      const hub = await start(test, behaviour);
      const out = join(makeTempFolder(test), 'tiny');
      await assert.rejects(pullModel('owner/tiny', out, { access: accessOf(hub, token) }), (error) => {
        assert.ok(error instanceof MetaclipError, String(error));
        assert.equal(error.code, 'E_DOWNLOAD_FAILED');
        assert.match(error.message, message);
        assert.ok(error.hint !== undefined);
        assert.ok(token === undefined || !JSON.stringify(error.toPlain()).includes(token));
        return true;
      });
      assert.ok(!existsSync(out));
    });
  }

  it('no network: told with the address', async () => {
    // A port that was free a moment ago: nobody listens.
    const hub = await startHub(files);
    await hub.close();
    await assert.rejects(
      describeHubModel('owner/tiny', 'main', { endpoint: hub.endpoint, token: undefined }),
      (error) => {
        assert.ok(error instanceof MetaclipError);
        assert.equal(error.code, 'E_DOWNLOAD_FAILED');
        assert.match(error.message, /127\.0\.0\.1.*ECONNREFUSED/);
        return true;
      },
    );
  });

  it('an unknown revision is refused', async (test) => {
    const hub = await start(test);
    await assert.rejects(
      pullModel('owner/tiny', makeTempFolder(test), { access: accessOf(hub), revision: 'v9' }),
      {
        code: 'E_DOWNLOAD_FAILED',
      },
    );
  });

  for (const name of ['tiny', '../etc/passwd', 'owner/..', 'a/b/c', 'https://hub/owner/tiny', '']) {
    it(`the name ${JSON.stringify(name)} is refused before anything is asked`, async (test) => {
      const hub = await start(test);
      await assert.rejects(pullModel(name, makeTempFolder(test), { access: accessOf(hub) }), {
        code: 'E_USAGE',
      });
      assert.equal(hub.requests.length, 0);
    });
  }

  it('a model without weights is refused, with what would do', async (test) => {
    const hub = await startHub(new Map([['config.json', Buffer.from('{}')]]));
    test.after(() => hub.close());
    await assert.rejects(pullModel('owner/tiny', makeTempFolder(test), { access: accessOf(hub) }), {
      code: 'E_MODEL_UNSUPPORTED',
    });
  });

  it("somebody else's folder is left alone", async (test) => {
    const hub = await start(test);
    const out = makeTempFolder(test);
    writeFileSync(join(out, 'thesis.txt'), 'mine');
    await assert.rejects(pullModel('owner/tiny', out, { access: accessOf(hub) }), {
      code: 'E_OUTPUT_NOT_EMPTY',
    });
    assert.deepEqual(readdirSync(out), ['thesis.txt']);
  });

  it('from the command line: licence on the notes, result as JSON, listed afterwards, the token nowhere', async (test) => {
    const hub = await start(test, { token: TOKEN });
    const cwd = makeTempFolder(test);
    mkdirSync(join(cwd, 'models'));
    const environment = { HF_ENDPOINT: `${hub.endpoint}/`, HF_TOKEN: TOKEN };
    const pulled = await runCli(['model', 'pull', 'owner/tiny', '--json'], environment, cwd);
    assert.equal(pulled.code, 0, pulled.stderr);
    assert.match(pulled.stderr, /^licence of owner\/tiny: cc-by-nc-4\.0\n3 files, /);
    const result: unknown = JSON.parse(pulled.stdout);
    assert.ok(typeof result === 'object' && result !== null && 'manifest' in result);
    const listed = await runCli(['model', 'list'], {}, cwd);
    assert.match(
      listed.stdout,
      /^models\/tiny {2}owner\/tiny, 24 px, 28 values, float32, licence cc-by-nc-4\.0\n$/,
    );
    assert.ok(!`${pulled.stdout}${pulled.stderr}`.includes(TOKEN));
  });
});

describe('hubAccess', () => {
  it('takes address and token from the environment', () => {
    assert.deepEqual(hubAccess({}), { endpoint: 'https://huggingface.co', token: undefined });
    assert.deepEqual(hubAccess({ HF_ENDPOINT: 'https://mirror.example/hub//', HF_TOKEN: ` ${TOKEN}\n` }), {
      endpoint: 'https://mirror.example/hub',
      token: TOKEN,
    });
  });

  for (const env of [
    { HF_TOKEN: 'my secret' },
    { HF_ENDPOINT: 'ftp://h' },
    { HF_ENDPOINT: 'https://user:secret@h' },
  ]) {
    it(`refuses ${Object.keys(env).join()} that can't be one, and does not show it`, () => {
      assert.throws(
        () => hubAccess(env),
        (error) => {
          assert.ok(error instanceof MetaclipError);
          assert.equal(error.code, 'E_USAGE');
          assert.ok(!JSON.stringify(error.toPlain()).includes('secret'));
          return true;
        },
      );
    });
  }
});
