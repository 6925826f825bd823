/** Ready ONNX graphs: names and sizes come from the graphs, and what is not in the shared space is refused. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { MetaclipError } from '../../../src/common/errors.ts';
import { importModel } from '../../../src/model/import/import-model.ts';
import { OnnxGraph, type OnnxType } from '../../../src/model/import/onnx-writer.ts';
import { readModelFolder } from '../../../src/model/model-folder.ts';
import { makeTempFolder } from '../../helpers/temp-folder.ts';

interface VisionChoices {
  readonly input?: string;
  readonly output?: string;
  readonly shape?: readonly (number | string)[];
  readonly width?: number;
}

/** Pixels [batch, 3, 8, 8] times a matrix: the least that looks like an image tower. */
function visionGraph({
  input = 'pixel_values',
  output = 'image_embeds',
  shape = ['batch', 3, 8, 8],
  width = 4,
}: VisionChoices = {}): Buffer {
  const graph = new OnnxGraph('vision');
  const pixels = graph.input(input, 'F32', shape);
  const matrix = graph.initializer(
    'w',
    'F32',
    [192, width],
    Float32Array.from({ length: 192 * width }, (_, i) => (i % 7) / 7),
  );
  const flat = graph.node('Reshape', [pixels, graph.integers(-1, 192)]);
  graph.output(graph.node('Gemm', [flat, matrix]), output, 'F32', ['batch', width]);
  return graph.toBytes('test');
}

interface TextChoices {
  readonly type?: OnnxType;
  readonly hasMask?: boolean;
  readonly shape?: readonly (number | string)[];
  readonly extraInput?: boolean;
  readonly external?: boolean;
}

/** Sum of the tokens' vectors. */
function textGraph({
  type = 'I64',
  hasMask = true,
  shape = ['batch', 'length'],
  extraInput = false,
  external = false,
}: TextChoices = {}): Buffer {
  const graph = new OnnxGraph('text');
  const ids = graph.input('input_ids', type, shape);
  const table = external
    ? graph.externalInitializer('t', 'F32', [10, 4], {
        file: 'text_model.onnx_data',
        startByte: 0,
        byteLength: 160,
      })
    : graph.initializer(
        't',
        'F32',
        [10, 4],
        Float32Array.from({ length: 40 }, (_, i) => i),
      );
  let states = graph.node('Gather', [table, ids], { axis: 0 });
  if (hasMask) {
    const mask = graph.node('Cast', [graph.input('attention_mask', 'I64', shape)], { to: 1 });
    states = graph.node('Mul', [states, graph.node('Unsqueeze', [mask, graph.integers(-1)])]);
  }
  if (extraInput) graph.input('position_ids', 'I64', shape);
  graph.output(graph.node('ReduceSum', [states, graph.integers(1)], { keepdims: 0 }), 'text_embeds', 'F32', [
    'batch',
    4,
  ]);
  return graph.toBytes('test');
}

function makeFolder(
  test: TestContext,
  files: Readonly<Record<string, Buffer | string>>,
): { source: string; out: string } {
  const root = makeTempFolder(test);
  const source = join(root, 'in');
  mkdirSync(join(source, 'onnx'), { recursive: true });
  for (const [name, content] of Object.entries(files)) writeFileSync(join(source, name), content);
  return { source, out: join(root, 'out') };
}

describe('ready graphs', () => {
  it('in the folder that transformers.js has them in: names, sizes and inputs are found, and the files linked', async (test) => {
    const { source, out } = makeFolder(test, {
      'onnx/vision_model.onnx': visionGraph(),
      'onnx/text_model.onnx': textGraph({ external: true }),
      'onnx/text_model.onnx_data': Buffer.alloc(160),
      'preprocessor_config.json': JSON.stringify({ size: 8, crop_size: 8 }),
    });
    const { manifest, notes } = await importModel(source, out);
    assert.deepEqual((await readModelFolder(out)).manifest, manifest);
    assert.equal(manifest.origin, 'onnx');
    assert.deepEqual(manifest.vision, {
      file: 'vision_model.onnx',
      input: { name: 'pixel_values', dtype: 'float32' },
      output: 'image_embeds',
      imageSize: 8,
      patchSize: null,
    });
    assert.deepEqual(manifest.text?.inputs, {
      ids: { name: 'input_ids', dtype: 'int64' },
      attentionMask: { name: 'attention_mask', dtype: 'int64' },
    });
    assert.equal(manifest.text.acceptsShorter, true);
    assert.deepEqual([manifest.embedDim, manifest.logitScale], [4, 100]);
    assert.match(notes.join('\n'), /logit scale: 100 is taken\nno config\.json: CLIP's vocabulary/);
    const graph = join(out, 'vision_model.onnx');
    assert.equal(statSync(graph).ino, statSync(join(source, 'onnx/vision_model.onnx')).ino);
    const session = await InferenceSession.create(graph);
    const pixels = new Tensor('float32', new Float32Array(192), [1, 3, 8, 8]);
    assert.deepEqual((await session.run({ pixel_values: pixels }))['image_embeds']?.dims, [1, 4]);
    await session.release();
  });

  it('of an odd kind: other names, int32 ids, a fixed length, one side only', async (test) => {
    const vision = makeFolder(test, {
      'vision.onnx': visionGraph({ input: 'x', output: 'y', shape: [2, 3, 8, 8] }),
    });
    const first = await importModel(vision.source, vision.out);
    assert.deepEqual([first.manifest.vision?.input.name, first.manifest.vision?.output], ['x', 'y']);
    assert.equal(first.manifest.text, null);
    const text = makeFolder(test, { 'text.onnx': textGraph({ type: 'I32', hasMask: false, shape: [1, 7] }) });
    const second = await importModel(text.source, text.out);
    assert.equal(second.manifest.vision, null);
    assert.deepEqual(second.manifest.text?.inputs, {
      ids: { name: 'input_ids', dtype: 'int32' },
      attentionMask: null,
    });
    assert.deepEqual([second.manifest.text.contextLength, second.manifest.text.acceptsShorter], [7, false]);
  });

  const REFUSALS: readonly (readonly [string, Readonly<Record<string, Buffer>>, string, RegExp])[] = [
    [
      'an image graph before the projection',
      { 'vision_model.onnx': visionGraph({ output: 'pooler_output' }) },
      'E_MODEL_UNSUPPORTED',
      /vision_model\.onnx: gives pooler_output: the state before the projection/,
    ],
    [
      'token ids where pixels are needed',
      { 'vision_model.onnx': textGraph() },
      'E_MODEL_UNSUPPORTED',
      /takes input_ids, attention_mask; an image graph takes pixels only/,
    ],
    [
      'a text graph with more inputs',
      { 'text_model.onnx': textGraph({ extraInput: true }) },
      'E_MODEL_UNSUPPORTED',
      /takes input_ids, attention_mask, position_ids; a text graph takes token ids/,
    ],
    [
      'two sizes of embedding',
      { 'vision_model.onnx': visionGraph({ width: 5 }), 'text_model.onnx': textGraph() },
      'E_MODEL_FORMAT',
      /image embeddings have 5 values, text embeddings 4/,
    ],
    [
      'a damaged graph',
      { 'vision_model.onnx': Buffer.from('no graph') },
      'E_MODEL_FORMAT',
      /ONNX Runtime cannot load it/,
    ],
    [
      'weights that are missing',
      { 'text_model.onnx': textGraph({ external: true }) },
      'E_MODEL_FORMAT',
      /ONNX Runtime cannot load it/,
    ],
  ];
  for (const [name, files, code, message] of REFUSALS) {
    it(`with ${name} are refused, and nothing is left`, async (test) => {
      const { source, out } = makeFolder(test, files);
      await assert.rejects(importModel(source, out), (error) => {
        assert.ok(error instanceof MetaclipError, String(error));
        assert.equal(error.code, code, error.message);
        assert.match(error.message, message);
        return true;
      });
      assert.deepEqual(readdirSync(out), []);
    });
  }

  it('are taken as they are: options of weights are refused', async (test) => {
    const { source, out } = makeFolder(test, { 'vision.onnx': visionGraph() });
    for (const options of [{ weights: 'int8' }, { activation: 'gelu' }, { visionHeads: 3 }] as const) {
      await assert.rejects(importModel(source, out, options), { code: 'E_USAGE' });
    }
  });
});
