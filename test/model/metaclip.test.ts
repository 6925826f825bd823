/** The class MetaCLIP over graphs whose results can be worked out by hand. */
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import sharp from 'sharp';
import { BATCHES_AHEAD, type EmbeddedImage } from '../../src/model/encode/image-stream.ts';
import { MetaCLIP } from '../../src/model/metaclip.ts';
import { decodeImage } from '../../src/model/preprocess/decode-image.ts';
import { createPreprocessor } from '../../src/model/preprocess/preprocess-image.ts';
import { clipPreprocessSpec } from '../../src/model/preprocess/preprocess-spec.ts';
import { rowOf } from '../../src/model/score/embeddings.ts';
import { loadTokenizer } from '../../src/model/tokenize/load-tokenizer.ts';
import { makeTempFolder } from '../helpers/temp-folder.ts';
import {
  makeTinyModel,
  TINY_DIMENSION,
  TINY_IMAGE_WEIGHTS,
  TINY_SIZE,
  type TinyModelOptions,
  tinyTextRow,
} from '../helpers/tiny-model.ts';

const unit = (row: readonly number[]): number[] => row.map((value) => value / Math.hypot(...row));

function assertRow(
  row: ArrayLike<number>,
  expected: readonly number[],
  tolerance: number,
  what: string,
): void {
  expected.forEach((value, k) => {
    assert.ok(
      Math.abs((row[k] ?? NaN) - value) <= tolerance,
      `${what}: ${Array.from(row).join()} for ${expected.join()}`,
    );
  });
}

/** A gradient, so that resizing matters. */
async function makePng(seed: number): Promise<Buffer> {
  const [width, height] = [11 + (seed % 5), 9];
  const data = Buffer.from(
    Array.from({ length: width * height * 3 }, (_, at) => (at * (seed + 3) + seed * 40) % 256),
  );
  return sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}

/** The mean colour through the weights, by the slow way. */
async function expectedImage(png: Uint8Array): Promise<number[]> {
  const tensor = createPreprocessor(clipPreprocessSpec(TINY_SIZE)).run(await decodeImage(png));
  const plane = TINY_SIZE * TINY_SIZE;
  const means = [0, 1, 2].map(
    (c) => tensor.subarray(c * plane, (c + 1) * plane).reduce((a, b) => a + b, 0) / plane,
  );
  return unit(
    Array.from({ length: TINY_DIMENSION }, (_, k) =>
      means.reduce((sum, mean, c) => sum + mean * (TINY_IMAGE_WEIGHTS[c * TINY_DIMENSION + k] ?? 0), 0),
    ),
  );
}

describe('MetaCLIP', () => {
  let folder: string;
  let model: MetaCLIP;
  let pngs: Buffer[];
  const hooks: (() => void)[] = [];

  before(async () => {
    folder = makeTempFolder({ after: (hook) => hooks.push(hook) });
    pngs = await Promise.all(Array.from({ length: 12 }, (_, seed) => makePng(seed)));
    model = await MetaCLIP.load(await makeTinyModel(join(folder, 'model')), {
      batchSize: 2,
      threads: 1,
      decodeThreads: 2,
    });
    writeFileSync(join(folder, 'a.png'), pngs[0]!);
  });
  after(async () => {
    await model.close();
    for (const hook of hooks) hook();
  });

  const VARIANTS: readonly (readonly [string, TinyModelOptions])[] = [
    ['float32 and int64', {}],
    ['halves and int32', { floats: 'F16', ids: 'I32' }],
    ['a mask', { mask: true }],
    ['a fixed batch of 5 and 77 tokens', { batch: 5, length: 77 }],
  ];
  for (const [what, options] of VARIANTS) {
    it(`embeds with graphs of ${what}`, async () => {
      const path = await makeTinyModel(join(folder, what), options);
      const variant = await MetaCLIP.load(path, { batchSize: 3, threads: 1, decodeThreads: 1 });
      const tolerance = options.floats === 'F16' ? 2e-3 : 1e-6;
      try {
        const images = await variant.embedImage(pngs.slice(0, 7));
        assert.deepEqual(
          [images.count, images.dimension, images.data.length],
          [7, TINY_DIMENSION, 7 * TINY_DIMENSION],
        );
        for (const [at, png] of pngs.slice(0, 7).entries()) {
          assertRow(rowOf(images, at), await expectedImage(png), tolerance, `image ${at}`);
        }
        // More than one run, of very different lengths.
        const texts = Array.from({ length: 150 }, (_, at) => `${'word '.repeat((at * 7) % 30)}${at} end`);
        const { ids, lengths, contextLength } = (await loadTokenizer(path)).encode(texts);
        const embedded = await variant.embedText(texts);
        texts.forEach((text, at) => {
          const tokens = [...ids.subarray(at * contextLength, at * contextLength + (lengths[at] ?? 0))];
          const rows = options.mask === true ? tokens.map(tinyTextRow) : [tinyTextRow(tokens[1] ?? 0)];
          const sum = Array.from({ length: TINY_DIMENSION }, (_, k) =>
            rows.reduce((a, row) => a + (row[k] ?? 0), 0),
          );
          assertRow(rowOf(embedded, at), unit(sum), tolerance, text);
        });
      } finally {
        await variant.close();
      }
    });
  }

  it('takes paths, file addresses and bytes, and leaves the bytes to the caller', async () => {
    const bytes = Uint8Array.from(pngs[0]!);
    const path = join(folder, 'a.png');
    const { data } = await model.embedImage([path, pathToFileURL(path), pathToFileURL(path).href, bytes]);
    for (let at = 1; at < 4; at++) assert.deepEqual(data.slice(4 * at, 4 * at + 4), data.slice(0, 4));
    assert.equal(bytes.length, pngs[0]!.length);
    assert.equal((await model.embedImage([])).count, 0);
    assert.equal((await model.embedText([])).count, 0);
  });

  it('takes a generator, in order, and never many more than it has given', async () => {
    let given = 0;
    let most = 0;
    let closed = false;
    let received = 0;
    async function* source(): AsyncGenerator<Uint8Array> {
      try {
        for (let at = 0; at < 60; at++) {
          await Promise.resolve();
          given++;
          most = Math.max(most, given - received);
          yield pngs[at % 12]!;
        }
      } finally {
        closed = true;
      }
    }
    for await (const result of model.embedImages(source())) {
      assert.equal(result.index, received++);
      assert.ok(result.ok);
      assertRow(result.embedding, await expectedImage(pngs[result.index % 12]!), 1e-6, `${result.index}`);
    }
    assert.equal(received, 60);
    assert.ok(closed);
    // Batches of 2: those ahead, and the one that is handed out.
    assert.ok(most <= 2 * (BATCHES_AHEAD + 1), `${most} at a time`);
  });

  it('closes the input when it is left early', async () => {
    let closed = false;
    function* source(): Generator<Uint8Array> {
      try {
        for (;;) yield pngs[0]!;
      } finally {
        closed = true;
      }
    }
    for await (const { index } of model.embedImages(source())) if (index === 3) break;
    assert.ok(closed);
  });

  it('gives bad images as results with their reason, and goes on', async () => {
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>');
    const text = Buffer.from('not an image at all, whatever its name says');
    const cut = pngs[1]!.subarray(0, 60);
    const inputs = [
      pngs[0]!,
      Buffer.alloc(0),
      svg,
      join(folder, 'absent.png'),
      text,
      cut,
      folder,
      'http://127.0.0.1:9/x.png',
      pngs[2]!,
    ];
    const results: EmbeddedImage[] = [];
    for await (const result of model.embedImages(inputs)) results.push(result);
    assert.deepEqual(
      results.map((result) => (result.ok ? 'ok' : result.error.code)),
      [
        'ok',
        'E_IMAGE_UNREADABLE',
        'E_IMAGE_UNSUPPORTED',
        'E_INPUT_NOT_FOUND',
        'E_IMAGE_UNSUPPORTED',
        'E_IMAGE_UNREADABLE',
        'E_INPUT_UNREADABLE',
        'E_USAGE',
        'ok',
      ],
    );
    for (const result of results) if (!result.ok) assert.ok(result.error.hint, result.error.message);
    await assert.rejects(model.embedImage(inputs), { code: 'E_IMAGE_UNREADABLE' });
  });

  it('passes on what the input throws', async () => {
    function* source(): Generator<Uint8Array> {
      yield pngs[0]!;
      throw new RangeError('the source broke');
    }
    await assert.rejects(async () => {
      for await (const _ of model.embedImages(source()));
    }, /the source broke/);
  });

  it('ends when it is interrupted, also while an input hangs', async () => {
    const controller = new AbortController();
    async function* source(): AsyncGenerator<Uint8Array> {
      yield pngs[0]!;
      controller.abort();
      await new Promise(() => undefined);
    }
    const wrong = { code: 'E_INTERRUPTED' };
    await assert.rejects(async () => {
      for await (const _ of model.embedImages(source(), { signal: controller.signal }));
    }, wrong);
    await assert.rejects(model.embedText(['a'], { signal: AbortSignal.abort() }), wrong);
    await assert.rejects(model.embedImage(pngs, { signal: AbortSignal.abort() }), wrong);
  });

  it('fetches addresses only when that is allowed', async () => {
    const server = createServer((request, response) => {
      if (request.url === '/a.png') response.end(pngs[0]);
      else response.writeHead(404).end('no such image');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    assert.ok(typeof address === 'object' && address !== null);
    const url = `http://127.0.0.1:${address.port}`;
    const open = await MetaCLIP.load(join(folder, 'model'), { urls: true, threads: 1, decodeThreads: 1 });
    try {
      assert.deepEqual(
        await open.embedImage([`${url}/a.png`, new URL(`${url}/a.png`)]),
        await open.embedImage([pngs[0]!, pngs[0]!]),
      );
      await assert.rejects(open.embedImage(`${url}/b.png`), {
        code: 'E_INPUT_UNREADABLE',
        message: /answered 404/,
      });
      await assert.rejects(open.embedImage('ftp://127.0.0.1/a.png'), {
        code: 'E_USAGE',
        message: /only http/,
      });
      await assert.rejects(model.embedImage(`${url}/a.png`), {
        code: 'E_USAGE',
        message: /unless that is allowed/,
      });
    } finally {
      await open.close();
      server.close();
      server.closeAllConnections();
    }
  });

  it('compares images, texts and embeddings, and refuses those of another model', async () => {
    const [image] = pngs;
    assert.ok(image);
    assert.ok(Math.abs((await model.compare({ image }, { image })) - 1) < 1e-6);
    const both = await model.compare({ text: 'dogs' }, { image });
    assert.ok(Math.abs(both - (await model.compare(await model.embedImage(image), { text: 'dogs' }))) < 1e-6);
    const other = await MetaCLIP.load(
      await makeTinyModel(join(folder, 'other'), { fingerprint: 'f'.repeat(64) }),
      { threads: 1 },
    );
    try {
      await assert.rejects(model.compare(await other.embedText('dogs'), { image }), {
        code: 'E_MODEL_MISMATCH',
      });
    } finally {
      await other.close();
    }
  });

  it('predicts by softmax with the logit scale, above the threshold', async () => {
    const [image] = pngs;
    assert.ok(image);
    const ontology = { cats: 'animal', dogs: 'animal', engine: 'machine' };
    const exps = await Promise.all(
      Object.keys(ontology).map(async (text) => Math.exp(10 * (await model.compare({ text }, { image })))),
    );
    const [cats = 0, dogs = 0, engine = 0] = exps;
    const sum = cats + dogs + engine;
    const predictions = await model.predict(image, ontology);
    for (const [name, value] of [
      ['animal', (cats + dogs) / sum],
      ['machine', engine / sum],
    ] as const) {
      const found = predictions.find((one) => one.class === name);
      assert.ok(Math.abs((found?.confidence ?? 0) - value) < 1e-5, name);
    }
    assert.equal(predictions.length, 2);
    const sure = Math.max(...predictions.map((one) => one.confidence));
    assert.equal((await model.predict(image, ontology, { confidence: sure })).length, 1);
    await assert.rejects(model.predict(image, ontology, { confidence: 1.5 }), { code: 'E_USAGE' });
    await assert.rejects(model.predict(image, ['cat', 'cat']), { code: 'E_USAGE' });
  });

  it('says what a folder lacks', async () => {
    const bare = await makeTinyModel(join(folder, 'bare'), { tokenizer: false, vision: false });
    const half = await MetaCLIP.load(bare);
    await assert.rejects(half.embedText('a'), { code: 'E_MODEL_MISSING', message: /no tokenizer/ });
    await assert.rejects(half.embedImage(pngs[0]!), { code: 'E_MODEL_MISSING', message: /no image graph/ });
    await half.close();
    await assert.rejects(MetaCLIP.load(join(folder, 'nowhere')), { code: 'E_MODEL_MISSING' });
    for (const [name, value] of [
      ['threads', 0],
      ['batchSize', 1.5],
      ['decodeThreads', -1],
    ] as const) {
      await assert.rejects(MetaCLIP.load(bare, { [name]: value }), { code: 'E_USAGE' });
    }
  });

  it('names a graph that ONNX Runtime cannot load, and one that was changed', async () => {
    const path = await makeTinyModel(join(folder, 'broken'));
    const broken = await MetaCLIP.load(path);
    writeFileSync(join(path, 'vision.onnx'), 'no graph');
    await assert.rejects(broken.embedImage(pngs[0]!), { code: 'E_MODEL_FORMAT', message: /vision\.onnx/ });
    await broken.close();
    await assert.rejects(MetaCLIP.load(path), { code: 'E_MODEL_FORMAT', message: /vision\.onnx/ });
    rmSync(join(path, 'vision.onnx'));
    await assert.rejects(MetaCLIP.load(path), { code: 'E_MODEL_MISSING' });
  });

  it('is of no use once it is closed', async () => {
    const closed = await MetaCLIP.load(join(folder, 'model'));
    await closed.embedText('a');
    await closed.close();
    await closed.close();
    await assert.rejects(closed.embedText('a'), /closed/);
  });
});
