/** The download of a list against a server of this process: cut connections, resumption, refusals, secrets. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { pullList } from '../../src/metadata/pull-list.ts';
import { provenancePathOf } from '../../src/metadata/write-list.ts';
import { makeTempFolder } from '../helpers/temp-folder.ts';

const ENTRIES = Array.from({ length: 20_000 }, (_, i) => `entry ${i}`);
const LIST = Buffer.from(JSON.stringify(ENTRIES));
const SHA256 = createHash('sha256').update(LIST).digest('hex');

/** One request as the server saw it. */
interface Seen {
  readonly url: string;
  readonly range: string | undefined;
  readonly ifRange: string | undefined;
  readonly authorization: string | undefined;
}

type Answer = (request: IncomingMessage, response: ServerResponse, count: number) => void;

/** Starts a server on the loopback interface; it ends with the test. */
async function serve(
  test: { after: (hook: () => void) => void },
  answer: Answer,
): Promise<{ address: string; seen: Seen[] }> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    const { range, authorization } = request.headers;
    const ifRange = request.headers['if-range'];
    seen.push({
      url: request.url ?? '',
      range,
      authorization,
      ifRange: typeof ifRange === 'string' ? ifRange : undefined,
    });
    answer(request, response, seen.length);
  });
  test.after(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const bound = server.address();
  assert.ok(typeof bound === 'object' && bound !== null);
  return { address: `http://127.0.0.1:${bound.port}`, seen };
}

/** Serves the list with ranges, as a good server does. */
function sendList(request: IncomingMessage, response: ServerResponse, etag = '"v1"', list = LIST): void {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  const isRange = from > 0 && request.headers['if-range'] === etag;
  if (isRange && from >= list.length) {
    response.writeHead(416).end();
    return;
  }
  const body = isRange ? list.subarray(from) : list;
  const range = isRange ? { 'content-range': `bytes ${from}-${list.length - 1}/${list.length}` } : {};
  response.writeHead(isRange ? 206 : 200, { etag, 'content-length': body.length, ...range });
  response.end(body);
}

/** Promises the whole list and breaks off after some bytes. */
function cutAfter(
  byteCount: number,
  response: ServerResponse,
  headers: Record<string, string> = { etag: '"v1"' },
): void {
  response.writeHead(200, { ...headers, 'content-length': LIST.length });
  response.write(LIST.subarray(0, byteCount), () => {
    // What was sent has to arrive before the connection goes.
    setTimeout(() => response.destroy(), 50);
  });
}

const quick = { firstDelayMs: 1 };

describe('pullList', () => {
  it('writes the list as it came, with its checksum and address', async (test) => {
    const { address } = await serve(test, (request, response) => {
      sendList(request, response);
    });
    const out = join(makeTempFolder(test), 'metadata.json');
    const progress: number[] = [];
    const provenance = await pullList({
      out,
      url: `${address}/lists/metadata.json?token=secret`,
      sha256: SHA256.toUpperCase(),
      onProgress: (done, total) => progress.push(done / total),
      ...quick,
    });
    assert.deepEqual(readFileSync(out), LIST);
    assert.equal(provenance.entryCount, ENTRIES.length);
    assert.equal(provenance.sha256, SHA256);
    assert.equal(provenance.inputs[0]?.['url'], `${address}/lists/metadata.json`);
    assert.equal(progress.at(-1), 1);
    assert.deepEqual(readdirSync(join(out, '..')).sort(), ['metadata.json', 'metadata.json.provenance.json']);
  });

  it('goes on where the connection was cut', async (test) => {
    const { address, seen } = await serve(test, (request, response, count) => {
      if (count === 1) cutAfter(100_000, response);
      else sendList(request, response);
    });
    const out = join(makeTempFolder(test), 'metadata.json');
    await pullList({ out, url: `${address}/m`, ...quick });
    assert.deepEqual(readFileSync(out), LIST);
    assert.deepEqual(
      seen.map(({ range, ifRange }) => [range, ifRange]),
      [
        [undefined, undefined],
        ['bytes=100000-', '"v1"'],
      ],
    );
  });

  it('goes on in a later call, and gives up in between with what has come kept', async (test) => {
    let isDown = true;
    const { address, seen } = await serve(test, (request, response, count) => {
      if (count === 1) cutAfter(50_000, response);
      else if (isDown) response.destroy();
      else sendList(request, response);
    });
    const folder = makeTempFolder(test);
    const out = join(folder, 'metadata.json');
    const options = { out, url: `${address}/m`, ...quick };
    await assert.rejects(pullList(options), { code: 'E_DOWNLOAD_FAILED', message: /no connection/ });
    assert.deepEqual(readdirSync(folder).sort(), ['metadata.part.json', 'metadata.part.json.state']);
    isDown = false;
    await pullList(options);
    assert.deepEqual(readFileSync(out), LIST);
    assert.equal(seen.at(-1)?.range, 'bytes=50000-');
  });

  it('starts anew when the server has another version, or told none', async (test) => {
    for (const headers of [{ etag: '"old"' }, { etag: 'W/"v1"' }, {}]) {
      const { address, seen } = await serve(test, (request, response, count) => {
        if (count === 1) cutAfter(70_000, response, headers);
        else sendList(request, response);
      });
      const out = join(makeTempFolder(test), 'metadata.json');
      await pullList({ out, url: `${address}/m`, ...quick });
      assert.deepEqual(readFileSync(out), LIST);
      assert.equal(seen.length, 2);
      assert.equal(seen[1]?.range, 'old' in headers || headers.etag === '"old"' ? 'bytes=70000-' : undefined);
    }
  });

  it('starts anew when the part is longer than the file', async (test) => {
    const folder = makeTempFolder(test);
    const { address } = await serve(test, (request, response) => {
      sendList(request, response);
    });
    writeFileSync(join(folder, 'm.part.json'), Buffer.alloc(LIST.length + 5));
    writeFileSync(
      join(folder, 'm.part.json.state'),
      JSON.stringify({ url: `${address}/m`, validator: '"v1"' }),
    );
    await pullList({ out: join(folder, 'm.json'), url: `${address}/m`, ...quick });
    assert.deepEqual(readFileSync(join(folder, 'm.json')), LIST);
  });

  it('notices a server that always sends less than it says', async (test) => {
    const { address } = await serve(test, (request, response) => {
      if (request.headers.range === undefined) cutAfter(1000, response);
      else response.destroy();
    });
    const out = join(makeTempFolder(test), 'm.json');
    await assert.rejects(pullList({ out, url: `${address}/m`, ...quick }), { code: 'E_DOWNLOAD_FAILED' });
    assert.ok(!existsSync(out));
  });

  it('tries again where the server is busy, and follows redirects without telling secrets', async (test) => {
    const target = await serve(test, (request, response) => {
      sendList(request, response);
    });
    const { address, seen } = await serve(test, (_request, response, count) => {
      if (count === 1) response.writeHead(503).end();
      else response.writeHead(302, { location: `${target.address}/moved.json` }).end();
    });
    const out = join(makeTempFolder(test), 'm.json');
    const url = address.replace('http://', 'http://me:pass%40word@');
    await pullList({ out, url: `${url}/m`, ...quick });
    assert.equal(seen[1]?.authorization, `Basic ${Buffer.from('me:pass@word').toString('base64')}`);
    assert.equal(target.seen[0]?.authorization, undefined);
    assert.doesNotMatch(readFileSync(provenancePathOf(out), 'utf8'), /pass/);
  });

  const refusals: [name: string, answer: Answer, code: string, message: RegExp][] = [
    ['404', (_, response) => response.writeHead(404).end(), 'E_DOWNLOAD_FAILED', /the server answers 404/],
    ['403', (_, response) => response.writeHead(403).end(), 'E_DOWNLOAD_FAILED', /the server answers 403/],
    [
      'a page that is no list',
      (_, response) => response.end('<html>log in</html>'),
      'E_METADATA_FORMAT',
      /not valid JSON/,
    ],
    [
      'half a list without a length',
      (_, response) => response.end(LIST.subarray(0, 1000)),
      'E_METADATA_FORMAT',
      /not valid JSON/,
    ],
    [
      'too much',
      (_, response) => response.writeHead(200, { 'content-length': 2 ** 40 }).write('['),
      'E_DOWNLOAD_FAILED',
      /1099511627776 bytes, at most/,
    ],
    [
      'endless redirects',
      (_, response) => response.writeHead(302, { location: '/m' }).end(),
      'E_DOWNLOAD_FAILED',
      /redirect count exceeded/,
    ],
  ];
  for (const [name, answer, code, message] of refusals) {
    it(`refuses ${name}, and shows no secret`, async (test) => {
      const { address } = await serve(test, answer);
      const folder = makeTempFolder(test);
      const url = `${address.replace('http://', 'http://me:topsecret@')}/m?key=topsecret`;
      await assert.rejects(pullList({ out: join(folder, 'm.json'), url, ...quick }), (error: unknown) => {
        assert.ok(error instanceof Error && 'code' in error && 'hint' in error && 'details' in error);
        assert.equal(error.code, code);
        assert.match(error.message, message);
        assert.doesNotMatch(
          `${error.message} ${String(error.hint)} ${JSON.stringify(error.details)}`,
          /topsecret/,
        );
        return true;
      });
      assert.deepEqual(readdirSync(folder), []);
    });
  }

  it('refuses another checksum and keeps nothing', async (test) => {
    const { address } = await serve(test, (request, response) => {
      sendList(request, response);
    });
    const folder = makeTempFolder(test);
    const options = { out: join(folder, 'm.json'), url: `${address}/m`, ...quick };
    await assert.rejects(pullList({ ...options, sha256: '0'.repeat(64) }), {
      code: 'E_CHECKSUM',
      message: new RegExp(SHA256),
    });
    assert.deepEqual(readdirSync(folder), []);
    await assert.rejects(pullList({ ...options, sha256: 'abc' }), { code: 'E_USAGE' });
  });

  it('has a clear word where there is no network', async (test) => {
    const out = join(makeTempFolder(test), 'm.json');
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const bound = server.address();
    assert.ok(typeof bound === 'object' && bound !== null);
    await new Promise((resolve) => server.close(resolve));
    // `.invalid` never resolves (RFC 2606); the port has just been closed.
    for (const url of ['http://metaclip.invalid/m', `http://127.0.0.1:${bound.port}/m`]) {
      await assert.rejects(pullList({ out, url, ...quick }), {
        code: 'E_DOWNLOAD_FAILED',
        message: /no connection \([A-Z_]+\)/,
        hint: /is there a network\?/,
      });
    }
  });

  it('refuses addresses that are none, without showing them', async () => {
    for (const url of ['metadata.json', 'ftp://me:topsecret@h/m', 'http://me:topsecret@']) {
      await assert.rejects(pullList({ out: 'm.json', url }), (error: unknown) => {
        assert.ok(error instanceof Error && 'code' in error);
        assert.equal(error.code, 'E_USAGE');
        assert.doesNotMatch(error.message, /topsecret/);
        return true;
      });
    }
  });

  it('stops when it is told to, and goes on later', async (test) => {
    const stop = new AbortController();
    const { address } = await serve(test, (request, response, count) => {
      if (count > 1) {
        sendList(request, response);
        return;
      }
      response.writeHead(200, { etag: '"v1"', 'content-length': LIST.length });
      response.write(LIST.subarray(0, 60_000));
    });
    const out = join(makeTempFolder(test), 'm.json');
    const options = { out, url: `${address}/m`, ...quick };
    const onProgress = (): void => {
      stop.abort();
    };
    await assert.rejects(pullList({ ...options, signal: stop.signal, onProgress }), {
      code: 'E_INTERRUPTED',
    });
    await pullList(options);
    assert.deepEqual(readFileSync(out), LIST);
  });
});
