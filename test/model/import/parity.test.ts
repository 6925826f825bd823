/**
 * Imported models give the embeddings of a plain PyTorch implementation: every naming, container, activation, pooling and way of
 * storing weights. PyTorch's own answers are committed (goldens/tiny.json); where it is installed it is asked again.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { importModel } from '../../../src/model/import/import-model.ts';
import type { ImportOptions } from '../../../src/model/import/import-options.ts';
import {
  type ClipInputs,
  type ClipOutputs,
  largestDifference,
  makeInputs,
  runFolder,
  runTorch,
  skipWithoutTorch,
} from '../../helpers/clip-parity.ts';
import { hubConfig, makeClip, type NamingName, openClipConfig, TINY } from '../../helpers/clip-weights.ts';
import { makeTempFolder } from '../../helpers/temp-folder.ts';
import { writeSafetensors, writeSharded, writeTorchFile } from '../../helpers/write-checkpoint.ts';

const SEED = 11;
const GOLDENS = new URL('goldens/tiny.json', import.meta.url);
/** Below this embeddings are equal for float32: it is the requirement, the differences are a hundredth of it. */
const TOLERANCE = 1e-4;

/** What decides about the numbers; everything else must not. */
interface Configuration {
  readonly name: string;
  readonly activation: 'quick_gelu' | 'gelu';
  /** null: argmax. */
  readonly eosId: number | null;
}
const CONFIGURATIONS: readonly Configuration[] = [
  { name: 'quick_gelu argmax', activation: 'quick_gelu', eosId: null },
  { name: 'gelu argmax', activation: 'gelu', eosId: null },
  { name: 'quick_gelu eos 2', activation: 'quick_gelu', eosId: 2 },
  { name: 'gelu eos 1', activation: 'gelu', eosId: 1 },
];

const END_OF_ARGMAX = TINY.text.vocabSize - 1;
/** With eos 1 the first token is the end already; so the worldwide texts with mT5's end token begin with another. */
function inputsOf({ eosId }: Configuration): ClipInputs {
  const inputs = makeInputs(TINY, 3, 6, eosId ?? END_OF_ARGMAX);
  return eosId === 1 ? { ...inputs, ids: inputs.ids.map(([, ...rest]) => [0, ...rest]) } : inputs;
}

/** Writes a source in one of the namings and containers; returns what to import and the checkpoint's file. */
type SourceMaker = (
  folder: string,
  configuration: Configuration,
) => { source: string; weights: string; options?: ImportOptions };

function writeHub(folder: string, { activation, eosId }: Configuration): void {
  // Worldwide models are metaclip_2; the old configs of CLIP state 2 and mean argmax.
  const other = eosId === null ? { eosTokenId: 2 } : { modelType: 'metaclip_2', eosTokenId: eosId };
  writeFileSync(join(folder, 'config.json'), JSON.stringify(hubConfig(TINY, activation, other)));
}

function openClipMaker(naming: NamingName, file: string): SourceMaker {
  return (folder, { activation, eosId }) => {
    const pool = eosId === null ? {} : { pool_type: 'eos', eos_id: eosId };
    const config = openClipConfig(TINY, activation === 'quick_gelu', pool);
    writeFileSync(join(folder, 'open_clip_config.json'), JSON.stringify(config));
    const weights = join(folder, file);
    const write = file.endsWith('.bin') ? writeTorchFile : writeSafetensors;
    write(weights, makeClip(TINY, SEED, naming));
    return { source: folder, weights };
  };
}

const SOURCES: Readonly<Record<string, SourceMaker>> = {
  'hub folder, safetensors': (folder, configuration) => {
    writeHub(folder, configuration);
    const weights = join(folder, 'model.safetensors');
    writeSafetensors(weights, makeClip(TINY, SEED, 'transformers'));
    return { source: folder, weights };
  },
  'hub folder, three safetensors': (folder, configuration) => {
    writeHub(folder, configuration);
    const tensors = makeClip(TINY, SEED, 'transformers');
    writeSharded(folder, tensors, 3);
    // For PyTorch, where the importer doesn't see it.
    mkdirSync(join(folder, 'whole'));
    const weights = join(folder, 'whole', 'all.safetensors');
    writeSafetensors(weights, tensors);
    return { source: folder, weights };
  },
  'hub folder, pytorch_model.bin': (folder, configuration) => {
    writeHub(folder, configuration);
    const weights = join(folder, 'pytorch_model.bin');
    writeTorchFile(weights, makeClip(TINY, SEED, 'transformers'));
    return { source: folder, weights };
  },
  'open_clip folder, safetensors': openClipMaker('open_clip', 'open_clip_model.safetensors'),
  'open_clip folder, .bin': openClipMaker('open_clip', 'open_clip_pytorch_model.bin'),
  'open_clip folder, text tower apart': openClipMaker('custom_text', 'open_clip_model.safetensors'),
  'bare .pt with options': (folder, { activation, eosId }) => {
    const weights = join(folder, 'b32_400m.pt');
    writeTorchFile(weights, makeClip(TINY, SEED, 'open_clip'));
    const { vision, text } = TINY;
    return {
      source: weights,
      weights,
      options: {
        activation,
        pooling: eosId === null ? { kind: 'argmax' } : { kind: 'eos-id', id: eosId },
        visionHeads: vision.heads,
        textHeads: text.heads,
      },
    };
  },
};

const MODES = [
  { mode: 'link', tolerance: TOLERANCE },
  { mode: 'embed', tolerance: TOLERANCE },
  { mode: 'float16', tolerance: 2e-3 },
  { mode: 'int8', tolerance: 2e-2 },
] as const;

describe('embeddings of imported tiny models', () => {
  let folder: string;
  const hooks: (() => void)[] = [];
  const goldens = readGoldens();
  const goldenOf = ({ name }: Configuration): ClipOutputs =>
    goldens.get(name) ?? assert.fail(`no golden ${name}`);
  before(() => (folder = makeTempFolder({ after: (hook) => hooks.push(hook) })));
  after(() => {
    for (const hook of hooks) hook();
  });
  const made = new Map<string, ReturnType<SourceMaker>>();
  const sourceOf = (sourceName: string, configuration: Configuration): ReturnType<SourceMaker> => {
    const key = `${sourceName}, ${configuration.name}`.replaceAll(/[^\w]+/g, '-');
    let source = made.get(key);
    if (source === undefined) {
      mkdirSync(join(folder, key));
      source = SOURCES[sourceName]?.(join(folder, key), configuration) ?? assert.fail(sourceName);
      made.set(key, source);
    }
    return source;
  };
  const check = (got: ClipOutputs, expected: ClipOutputs, tolerance: number): void => {
    for (const side of ['images', 'texts'] as const) {
      const difference = largestDifference(got[side], expected[side], TINY.embedDim);
      assert.ok(difference <= tolerance, `${side} differ by ${difference}`);
    }
  };

  for (const sourceName of Object.keys(SOURCES)) {
    for (const configuration of CONFIGURATIONS) {
      it(`${sourceName}, ${configuration.name}: as PyTorch's`, async (test) => {
        const { source, options } = sourceOf(sourceName, configuration);
        const out = makeTempFolder(test);
        await importModel(source, out, options);
        check(await runFolder(out, inputsOf(configuration)), goldenOf(configuration), TOLERANCE);
      });
    }
  }

  for (const sourceName of ['hub folder, safetensors', 'open_clip folder, .bin']) {
    for (const { mode, tolerance } of MODES) {
      it(`${sourceName} stored as ${mode}: within ${tolerance}`, async (test) => {
        const configuration = CONFIGURATIONS[0] ?? assert.fail();
        const { source, options } = sourceOf(sourceName, configuration);
        const out = makeTempFolder(test);
        await importModel(source, out, { ...options, weights: mode });
        check(await runFolder(out, inputsOf(configuration)), goldenOf(configuration), tolerance);
      });
    }
  }

  for (const dtype of ['F16', 'BF16', 'F64'] as const) {
    for (const mode of ['link', 'embed', 'float16', 'int8'] as const) {
      it(`a checkpoint of ${dtype} stored as ${mode}: what is lost is lost in the checkpoint`, async (test) => {
        const configuration = CONFIGURATIONS[1] ?? assert.fail();
        const root = makeTempFolder(test);
        mkdirSync(join(root, 'in'));
        writeHub(join(root, 'in'), configuration);
        writeSafetensors(join(root, 'in', 'model.safetensors'), makeClip(TINY, SEED, 'transformers'), dtype);
        await importModel(join(root, 'in'), join(root, 'out'), { weights: mode });
        const tolerance =
          mode === 'int8'
            ? 3e-2
            : { F16: 2e-3, BF16: 2e-2, F64: mode === 'float16' ? 2e-3 : TOLERANCE }[dtype];
        check(
          await runFolder(join(root, 'out'), inputsOf(configuration)),
          goldenOf(configuration),
          tolerance,
        );
      });
    }
  }

  it('a safetensors file whose data is not aligned can be linked', async (test) => {
    const configuration = CONFIGURATIONS[0] ?? assert.fail();
    const root = makeTempFolder(test);
    mkdirSync(join(root, 'in'));
    writeHub(join(root, 'in'), configuration);
    const tensors = makeClip(TINY, SEED, 'transformers');
    for (const pad of [0, 1, 2, 3]) {
      writeSafetensors(join(root, 'in', 'model.safetensors'), tensors, 'F32', pad);
      await importModel(join(root, 'in'), join(root, 'out'));
      check(await runFolder(join(root, 'out'), inputsOf(configuration)), goldenOf(configuration), TOLERANCE);
    }
  });

  it('a text may be padded to the longest of its batch only: the same to the last bits', async (test) => {
    const configuration = CONFIGURATIONS[0] ?? assert.fail();
    const { source } = sourceOf('hub folder, safetensors', configuration);
    const out = makeTempFolder(test);
    await importModel(source, out);
    const inputs = inputsOf(configuration);
    const whole = await runFolder(out, inputs);
    for (const [row, ids] of inputs.ids.entries()) {
      const short = ids.slice(0, ids.indexOf(END_OF_ARGMAX) + 1);
      const { texts } = await runFolder(out, { ...inputs, ids: [short] });
      const same = whole.texts.subarray(row * TINY.embedDim, (row + 1) * TINY.embedDim);
      assert.ok(largestDifference(texts, same, TINY.embedDim) < 1e-6);
    }
  });

  it(
    'PyTorch gives the committed answers, from every kind of checkpoint',
    { skip: skipWithoutTorch() },
    () => {
      const jobs = Object.keys(SOURCES).flatMap((sourceName) =>
        CONFIGURATIONS.map((configuration) => ({ sourceName, configuration })),
      );
      const results = runTorch(
        folder,
        jobs.map(({ sourceName, configuration }) => ({
          weights: sourceOf(sourceName, configuration).weights,
          shape: TINY,
          activation: configuration.activation,
          eosId: configuration.eosId,
          inputs: inputsOf(configuration),
        })),
      );
      if (process.env['METACLIP_WRITE_GOLDENS'] === '1') writeGoldens(results);
      for (const [index, { configuration }] of jobs.entries()) {
        check(results[index] ?? assert.fail(), goldenOf(configuration), 1e-5);
      }
    },
  );

  it('the configurations differ by more than any tolerance: a wrong one would show', () => {
    const all = CONFIGURATIONS.map(goldenOf);
    for (const [index, one] of all.entries()) {
      for (const other of all.slice(index + 1)) {
        const difference = Math.max(
          largestDifference(one.texts, other.texts, TINY.embedDim),
          largestDifference(one.images, other.images, TINY.embedDim),
        );
        assert.ok(difference > 2e-3, String(difference));
      }
    }
  });
});

/** Made with `METACLIP_WRITE_GOLDENS=1 node scripts/run-tests.mjs model/import/parity`, by PyTorch 1.13. */
function readGoldens(): Map<string, ClipOutputs> {
  const text = JSON.parse(readFileSync(GOLDENS, 'utf8')) as Record<
    string,
    { images: number[]; texts: number[] }
  >;
  return new Map(
    Object.entries(text).map(([name, { images, texts }]) => [
      name,
      { images: Float32Array.from(images), texts: Float32Array.from(texts) },
    ]),
  );
}

function writeGoldens(results: readonly ClipOutputs[]): void {
  const rows = CONFIGURATIONS.map(({ name }, index) => {
    const { images, texts } = results[index] ?? assert.fail();
    const list = (values: Float32Array): number[] =>
      Array.from(values, (value) => Number(value.toPrecision(8)));
    return [name, { images: list(images), texts: list(texts) }];
  });
  writeFileSync(GOLDENS, `${JSON.stringify(Object.fromEntries(rows))}\n`);
}
