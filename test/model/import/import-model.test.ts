/** What an import makes of a folder, and what it says about sources that can't be imported. */
import assert from 'node:assert/strict';
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { importModel } from '../../../src/model/import/import-model.ts';
import { type ImportOptions, parsePooling } from '../../../src/model/import/import-options.ts';
import { MODEL_MANIFEST, readModelFolder } from '../../../src/model/model-folder.ts';
import { makeInputs, runFolder } from '../../helpers/clip-parity.ts';
import {
  hubConfig,
  makeClip,
  type MadeTensor,
  type MadeTensors,
  openClipConfig,
  TINY,
} from '../../helpers/clip-weights.ts';
import { failureOf, makeSource } from '../../helpers/hub-folder.ts';
import { makeTempFolder } from '../../helpers/temp-folder.ts';
import { writeSafetensors, writeTorchFile } from '../../helpers/write-checkpoint.ts';

const get = (tensors: MadeTensors, name: string): MadeTensor => tensors.get(name) ?? assert.fail(name);
const LAYER = 'vision_model.encoder.layers.1.';

describe('importModel', () => {
  it('writes a folder that says all there is to know', async (test) => {
    const { source, out } = makeSource(test);
    const { manifest, notes, writtenBytes } = await importModel(source, out);
    assert.deepEqual((await readModelFolder(out)).manifest, manifest);
    assert.equal(manifest.name, 'in');
    assert.equal(manifest.licence, 'fair-2');
    assert.deepEqual(manifest.architecture.vision, { width: 48, layers: 3, heads: 3, mlpWidth: 120 });
    assert.deepEqual(manifest.architecture.text, { width: 40, layers: 2, heads: 5, mlpWidth: 100 });
    assert.equal(manifest.vision?.imageSize, 24);
    assert.deepEqual(manifest.text?.pooling, { kind: 'argmax' });
    assert.equal(manifest.embedDim, 28);
    const scale = get(makeClip(TINY, 5, 'transformers'), 'logit_scale').values[0] ?? NaN;
    assert.equal(manifest.logitScale, Math.exp(scale));
    assert.deepEqual(manifest.tokenizer, { kind: 'tokenizer-json', file: 'tokenizer.json' });
    assert.deepEqual(manifest.preprocess.resize, { mode: 'shortest', size: 24 });
    assert.deepEqual(notes, ["the model's licence: fair-2"]);
    assert.ok(writtenBytes < 100_000);
    assert.deepEqual(readdirSync(out).sort(), [
      MODEL_MANIFEST,
      'model.safetensors',
      'text.onnx',
      'tokenizer.json',
      'tokenizer_config.json',
      'vision.onnx',
    ]);
  });

  it('links: the weights are the same file, also through a symbolic link as in the cache of the hub', async (test) => {
    const { source, out } = makeSource(test);
    const weights = join(source, 'model.safetensors');
    const blob = join(source, '..', 'blob');
    linkSync(weights, blob);
    rmSync(weights);
    symlinkSync(blob, weights);
    await importModel(source, out);
    assert.equal(statSync(join(out, 'model.safetensors')).ino, statSync(blob).ino);
    await runFolder(out, makeInputs(TINY, 1, 1, 49));
  });

  it('may go into the source folder itself, again and again, in any mode', async (test) => {
    const { source } = makeSource(test);
    const inputs = makeInputs(TINY, 1, 2, 49);
    const weights = readFileSync(join(source, 'model.safetensors'));
    for (const mode of ['link', 'int8', 'link', 'embed', 'float16', 'link'] as const) {
      await importModel(source, source, { weights: mode });
      await runFolder(source, inputs);
      const isLinked = mode === 'link';
      assert.equal(existsSync(join(source, 'vision.weights')), !isLinked, mode);
    }
    assert.deepEqual(readFileSync(join(source, 'model.safetensors')), weights);
  });

  it('gives equal bytes for equal input, and one fingerprint for linked and embedded weights', async (test) => {
    const { source, out } = makeSource(test);
    const prints = new Map<string, string>();
    for (const weights of ['link', 'embed', 'float16', 'int8'] as const) {
      const first = await importModel(source, out, { weights });
      const bytes = first.manifest.files.map(({ name }) => readFileSync(join(out, name)));
      const second = await importModel(source, out, { weights });
      assert.deepEqual(second.manifest, first.manifest);
      second.manifest.files.forEach(({ name }, index) => {
        assert.deepEqual(readFileSync(join(out, name)), bytes[index]);
      });
      prints.set(weights, first.manifest.fingerprint);
    }
    assert.equal(prints.get('link'), prints.get('embed'));
    assert.equal(new Set(prints.values()).size, 3);
  });

  it('the fingerprint changes with any bias, the activation, the pooling and the tokenizer, not with the name', async (test) => {
    const { source, out } = makeSource(test);
    const printOf = async (options: ImportOptions = {}): Promise<string> =>
      (await importModel(source, out, options)).manifest.fingerprint;
    const plain = await printOf();
    assert.equal(await printOf({ name: 'other', licence: 'mit' }), plain);
    const others = [
      await printOf({ activation: 'gelu' }),
      await printOf({ pooling: { kind: 'eos-id', id: 2 } }),
    ];
    writeFileSync(join(source, 'tokenizer.json'), '{"another": true}');
    others.push(await printOf());
    const tensors = makeClip(TINY, 5, 'transformers');
    get(tensors, `${LAYER}mlp.fc2.bias`).values[3] = 0.5;
    writeSafetensors(join(source, 'model.safetensors'), tensors);
    others.push(await printOf());
    assert.equal(new Set([plain, ...others]).size, 5);
  });

  const reshape = (tensors: MadeTensors, name: string, shape: readonly number[]): void => {
    const { values } = get(tensors, name);
    const count = shape.reduce((product, size) => product * size, 1);
    tensors.set(name, { shape, values: Float32Array.from({ length: count }, (_, i) => values[i] ?? 0) });
  };
  const change = (config: Record<string, unknown>, part: string, fields: object): void => {
    const before: unknown = config[part];
    config[part] = { ...(typeof before === 'object' ? before : {}), ...fields };
  };
  type Change = Parameters<typeof makeSource>[1];
  const BROKEN: readonly (readonly [string, Change, string, RegExp])[] = [
    [
      'a missing bias',
      ({ tensors }) => tensors.delete(`${LAYER}self_attn.k_proj.bias`),
      'E_MODEL_FORMAT',
      /tensor vision_model\.encoder\.layers\.1\.self_attn\.k_proj\.bias is missing/,
    ],
    [
      'a missing layer',
      ({ tensors }) => {
        for (const name of tensors.keys()) if (name.startsWith(LAYER)) tensors.delete(name);
      },
      'E_MODEL_FORMAT',
      /tensor vision_model\.encoder\.layers\.1\.layer_norm1\.weight is missing/,
    ],
    [
      'a missing text tower',
      ({ tensors }) => {
        for (const name of tensors.keys()) if (name.startsWith('text_')) tensors.delete(name);
      },
      'E_MODEL_FORMAT',
      /tensor text_model\.embeddings\.token_embedding\.weight is missing/,
    ],
    [
      'a matrix of another shape',
      ({ tensors }) => {
        reshape(tensors, `${LAYER}mlp.fc1.weight`, [120, 40]);
      },
      'E_MODEL_FORMAT',
      /mlp\.fc1\.weight has the shape \[120, 40\], \[120, 48\] is needed/,
    ],
    [
      'positions that are no square',
      ({ tensors }) => {
        reshape(tensors, 'vision_model.embeddings.position_embedding.weight', [9, 48]);
      },
      'E_MODEL_FORMAT',
      /position_embedding\.weight has the shape \[9, 48\], \[square number \+ 1, width\]/,
    ],
    [
      'projections of two sizes',
      ({ tensors }) => {
        reshape(tensors, 'text_projection.weight', [27, 40]);
      },
      'E_MODEL_FORMAT',
      /text_projection\.weight has the shape \[27, 40\], \[28, 40\]/,
    ],
    [
      'a tensor that no CLIP has',
      ({ tensors }) => tensors.set(`${LAYER}ls_1.gamma`, { shape: [1], values: Float32Array.of(1) }),
      'E_MODEL_UNSUPPORTED',
      /tensor vision_model\.encoder\.layers\.1\.ls_1\.gamma has no place/,
    ],
    [
      'NaN in a bias',
      ({ tensors }) => {
        get(tensors, 'text_model.final_layer_norm.bias').values[7] = NaN;
      },
      'E_MODEL_FORMAT',
      /tensor text_model\.final_layer_norm\.bias has a value NaN/,
    ],
    [
      'other names altogether',
      ({ tensors }) => {
        tensors.clear();
        tensors.set('encoder.weight', { shape: [1], values: Float32Array.of(1) });
      },
      'E_MODEL_UNSUPPORTED',
      /neither the names of transformers' CLIPModel nor those of open_clip \(they are called encoder\.weight/,
    ],
    [
      'a ResNet',
      ({ tensors }) => {
        tensors.clear();
        tensors.set('visual.layer1.0.conv1.weight', { shape: [1], values: Float32Array.of(1) });
      },
      'E_MODEL_UNSUPPORTED',
      /a CLIP with a ResNet/,
    ],
    [
      'another model',
      ({ config }) => (config['model_type'] = 'siglip'),
      'E_MODEL_UNSUPPORTED',
      /model_type is "siglip"/,
    ],
    [
      'an unknown activation',
      ({ config }) => {
        change(config, 'vision_config', { hidden_act: 'gelu_new' });
      },
      'E_MODEL_UNSUPPORTED',
      /hidden_act is "gelu_new"; "quick_gelu" and "gelu" are known/,
    ],
    [
      'two activations',
      ({ config }) => {
        change(config, 'text_config', { hidden_act: 'gelu' });
      },
      'E_MODEL_UNSUPPORTED',
      /hidden_act is quick_gelu for images and gelu for texts/,
    ],
    [
      'heads that do not divide the width',
      ({ config }) => {
        change(config, 'text_config', { num_attention_heads: 7 });
      },
      'E_MODEL_FORMAT',
      /7 heads of the text tower do not divide its width 40/,
    ],
    [
      'a config of another size',
      ({ config }) => {
        change(config, 'vision_config', { image_size: 32 });
      },
      'E_MODEL_FORMAT',
      /image size is 32, but the tensors have 24/,
    ],
    [
      'an end token above the vocabulary',
      ({ config }) => {
        change(config, 'text_config', { eos_token_id: 50 });
      },
      'E_MODEL_FORMAT',
      /texts end with token 50, but the vocabulary has only 50/,
    ],
    [
      'a config field of another type',
      ({ config }) => {
        change(config, 'vision_config', { hidden_size: '48' });
      },
      'E_MODEL_FORMAT',
      /vision_config: hidden_size must be a whole number of at least 0, it is "48"/,
    ],
  ];
  for (const [name, breakIt, code, message] of BROKEN) {
    it(`refuses ${name}, and leaves no folder`, async (test) => {
      const { source, out } = makeSource(test, breakIt);
      const error = await failureOf(importModel(source, out));
      assert.equal(error.code, code, error.message);
      assert.match(error.message, message);
      assert.ok(!existsSync(out));
    });
  }

  it('refuses values that are not finite or too large where it reads all of them, and removes what it wrote', async (test) => {
    for (const [value, weights, message] of [
      [Infinity, 'embed', /tensor vision_model\.encoder\.layers\.1\.mlp\.fc1\.weight has a value Infinity/],
      [7e4, 'float16', /mlp\.fc1\.weight has the value 70000, float16 ends at 65504/],
    ] as const) {
      const { source, out } = makeSource(test, ({ tensors }) => {
        // Larger than what is sampled, and not at its head, middle or tail.
        get(tensors, `${LAYER}mlp.fc1.weight`).values[1500] = value;
      });
      const error = await failureOf(importModel(source, out, { weights }));
      assert.equal(error.code, 'E_MODEL_FORMAT');
      assert.match(error.message, message);
      assert.ok(!existsSync(join(out, MODEL_MANIFEST)));
      assert.deepEqual(readdirSync(out), []);
    }
  });

  it('a bare checkpoint needs to be told what is not in it', async (test) => {
    const root = makeTempFolder(test);
    const path = join(root, 'epoch_9.pt');
    writeTorchFile(path, makeClip(TINY, 5, 'open_clip'));
    const steps: readonly (readonly [ImportOptions, RegExp])[] = [
      [{}, /number of heads of the vision tower is not in the weights, and its width 48/],
      [{ visionHeads: 3 }, /number of heads of the text tower/],
      [{ visionHeads: 3, textHeads: 5 }, /which activation it was trained with is not in the weights/],
      [{ visionHeads: 3, textHeads: 5, activation: 'gelu' }, /which token ends a text is not in the weights/],
    ];
    for (const [options, message] of steps) {
      const error = await failureOf(importModel(path, join(root, 'out'), options));
      assert.equal(error.code, 'E_MODEL_UNSUPPORTED');
      assert.match(error.message, message);
    }
    const config = join(root, 'vit.json');
    const { model_cfg: cfg } = { ...openClipConfig(TINY, true) } as { model_cfg?: object };
    writeFileSync(config, JSON.stringify(cfg));
    const { manifest, notes } = await importModel(path, join(root, 'out'), { config });
    assert.equal(manifest.architecture.activation, 'quick_gelu');
    assert.deepEqual(manifest.architecture.vision?.heads, 3);
    assert.match(notes.join(), /no tokenizer was found/);
  });

  it("reads open_clip's preprocessing, and transformers' over it", async (test) => {
    const root = makeTempFolder(test);
    writeSafetensors(join(root, 'open_clip_model.safetensors'), makeClip(TINY, 5, 'open_clip'));
    writeFileSync(join(root, 'open_clip_config.json'), JSON.stringify(openClipConfig(TINY, false)));
    const first = await importModel(root, root);
    assert.deepEqual(first.manifest.preprocess.resize, { mode: 'squash', width: 24, height: 24 });
    assert.deepEqual(first.manifest.preprocess.mean, [0.5, 0.4, 0.3]);
    const config = { size: { shortest_edge: 24 }, crop_size: 24, image_mean: [0.1, 0.2, 0.3] };
    writeFileSync(join(root, 'preprocessor_config.json'), JSON.stringify(config));
    const second = await importModel(root, root);
    assert.deepEqual(second.manifest.preprocess.mean, [0.1, 0.2, 0.3]);
    writeFileSync(join(root, 'preprocessor_config.json'), JSON.stringify({ ...config, crop_size: 32 }));
    const error = await failureOf(importModel(root, root));
    assert.equal(error.code, 'E_PREPROCESS_CONFIG');
    assert.match(error.message, /images of 32 x 32, the model takes 24 x 24/);
  });

  it('the end token 2 of old CLIP configs means argmax; that of metaclip_2 means 2', async (test) => {
    for (const [type, pooling] of [
      ['clip', { kind: 'argmax' }],
      ['metaclip_2', { kind: 'eos-id', id: 2 }],
    ] as const) {
      const { source, out } = makeSource(test, ({ config }) => {
        Object.assign(config, hubConfig(TINY, 'gelu', { modelType: type, eosTokenId: 2 }));
      });
      assert.deepEqual((await importModel(source, out)).manifest.text?.pooling, pooling);
    }
  });

  it('refuses folders that are not its own, and options that make no sense', async (test) => {
    const { source, out } = makeSource(test);
    mkdirSync(out);
    writeFileSync(join(out, 'thesis.txt'), 'mine');
    assert.equal((await failureOf(importModel(source, out))).code, 'E_OUTPUT_NOT_EMPTY');
    assert.deepEqual(readdirSync(out), ['thesis.txt']);
    assert.equal((await failureOf(importModel(join(source, 'absent'), out))).code, 'E_INPUT_NOT_FOUND');
    assert.equal((await failureOf(importModel(join(source, 'README.md'), out))).code, 'E_FORMAT_UNKNOWN');
    const empty = makeTempFolder(test);
    assert.match((await failureOf(importModel(empty, out))).message, /no model: it needs config\.json/);
    assert.equal((await failureOf(importModel(source, out, { visionHeads: 0 }))).code, 'E_USAGE');
    assert.throws(() => parsePooling('first'), { code: 'E_USAGE' });
  });

  it('ends on Ctrl-C without a half-written file', async (test) => {
    const { source, out } = makeSource(test);
    const signal = AbortSignal.abort();
    assert.equal(
      (await failureOf(importModel(source, out, { weights: 'int8', signal }))).code,
      'E_INTERRUPTED',
    );
    assert.deepEqual(readdirSync(out), []);
  });
});
