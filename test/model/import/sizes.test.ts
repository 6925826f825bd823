/** Every published size is read from its config, or from bare weights with the activation given; up to 14 GB, in sparse files. */
import assert from 'node:assert/strict';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { importModel } from '../../../src/model/import/import-model.ts';
import { B32, type ClipShape, hubConfig, makeHollowClip } from '../../helpers/clip-weights.ts';
import { makeTempFolder } from '../../helpers/temp-folder.ts';
import { writeSparseSafetensors } from '../../helpers/write-checkpoint.ts';

const CLIP_TEXT = { contextLength: 77, vocabSize: 49_408 };
const XLM_TEXT = { contextLength: 77, vocabSize: 901_629 };
const text512 = { width: 512, layers: 12, heads: 8, mlpWidth: 2048 };
const text768 = { width: 768, layers: 12, heads: 12, mlpWidth: 3072 };
const text1024 = { width: 1024, layers: 24, heads: 16, mlpWidth: 4096 };
const text1280 = { width: 1280, layers: 32, heads: 20, mlpWidth: 5120 };
const H = { width: 1280, layers: 32, heads: 16, mlpWidth: 5120, patchSize: 14 };
const BIG_G = { width: 1664, layers: 48, heads: 16, mlpWidth: 8192, patchSize: 14 };

/** As published; the last ones are the worldwide family. */
const SIZES: readonly (readonly [string, ClipShape, 'quick_gelu' | 'gelu'])[] = [
  ['B/32', B32, 'quick_gelu'],
  ['B/16', { ...B32, vision: { ...B32.vision, patchSize: 16 } }, 'quick_gelu'],
  [
    'L/14',
    {
      vision: { width: 1024, layers: 24, heads: 16, mlpWidth: 4096, imageSize: 224, patchSize: 14 },
      text: { ...text768, ...CLIP_TEXT },
      embedDim: 768,
    },
    'quick_gelu',
  ],
  [
    'H/14',
    { vision: { ...H, imageSize: 224 }, text: { ...text1024, ...CLIP_TEXT }, embedDim: 1024 },
    'quick_gelu',
  ],
  [
    'H/14 v1.2',
    { vision: { ...H, imageSize: 224 }, text: { ...text1024, ...CLIP_TEXT }, embedDim: 1024 },
    'gelu',
  ],
  [
    'bigG/14',
    { vision: { ...BIG_G, imageSize: 224 }, text: { ...text1280, ...CLIP_TEXT }, embedDim: 1280 },
    'quick_gelu',
  ],
  [
    'worldwide H/14',
    { vision: { ...H, imageSize: 224 }, text: { ...text1024, ...XLM_TEXT }, embedDim: 1024 },
    'quick_gelu',
  ],
  ['worldwide B/32', { ...B32, text: { ...text512, ...XLM_TEXT } }, 'gelu'],
  [
    'worldwide bigG/14, 378 px',
    { vision: { ...BIG_G, imageSize: 378 }, text: { ...text1280, ...XLM_TEXT }, embedDim: 1280 },
    'gelu',
  ],
];

describe('published sizes', () => {
  for (const [name, shape, activation] of SIZES) {
    const isWorldwide = shape.text.vocabSize === XLM_TEXT.vocabSize;
    const pooling = isWorldwide ? { kind: 'eos-id', id: 2 } : { kind: 'argmax' };
    for (const naming of ['transformers', 'open_clip'] as const) {
      it(`${name} with the names of ${naming}`, async (test) => {
        const root = makeTempFolder(test);
        const source = join(root, 'in');
        mkdirSync(source);
        const weights = join(source, 'model.safetensors');
        writeSparseSafetensors(weights, makeHollowClip(shape, naming));
        const type = isWorldwide ? 'metaclip_2' : 'clip';
        const config = hubConfig(shape, activation, { modelType: type, eosTokenId: 2 });
        writeFileSync(join(source, 'config.json'), JSON.stringify(config));
        const { manifest, linkedBytes, writtenBytes, notes } =
          naming === 'transformers'
            ? await importModel(source, join(root, 'out'))
            : await importModel(weights, join(root, 'out'), {
                activation,
                ...(isWorldwide ? { pooling: { kind: 'eos-id', id: 2 } } : {}),
              });
        const { imageSize, patchSize, ...visionTower } = shape.vision;
        const { contextLength, vocabSize, ...textTower } = shape.text;
        assert.deepEqual(manifest.architecture, {
          vision: visionTower,
          text: textTower,
          activation,
          layerNormEpsilon: 1e-5,
        });
        assert.deepEqual(
          [manifest.vision?.imageSize, manifest.vision?.patchSize, manifest.embedDim],
          [imageSize, patchSize, shape.embedDim],
        );
        assert.deepEqual(
          [manifest.text?.contextLength, manifest.text?.vocabSize, manifest.text?.pooling],
          [contextLength, vocabSize, pooling],
        );
        // Told by the user it is right; from a config of the first family it may be the mistake of its first uploads.
        const isDoubtful = activation === 'gelu' && !isWorldwide && naming === 'transformers';
        assert.equal(
          notes.some((note) => note.includes('--activation quick_gelu')),
          isDoubtful,
        );
        assert.equal(linkedBytes, statSync(weights).size);
        assert.ok(writtenBytes < 1_000_000);
      });
    }
  }
});
