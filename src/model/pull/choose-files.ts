/** Which files of a model are needed: one form of the weights, and what lies beside them. Everything else stays on the hub. */
import { MetaclipError } from '../../common/errors.ts';
import { GRAPH_NAMES, TOKENIZERS, WEIGHTS_OF } from '../import/model-source.ts';
import type { HubFile, HubModel } from './hub-client.ts';

/** Small files that are taken whenever they are there. */
const BESIDE = [
  'config.json',
  'open_clip_config.json',
  'preprocessor_config.json',
  'README.md',
  'LICENSE',
  'LICENSE.txt',
];

/**
 * Weights in the order in which the importer looks for them: safetensors before pickles, ready graphs last.
 *
 * @param model - with its listing
 * @returns files to fetch, small ones first
 * @throws {@link MetaclipError} `E_MODEL_UNSUPPORTED` when there is nothing that can be imported
 */
export function chooseFiles(model: HubModel): HubFile[] {
  const byPath = new Map(model.files.map((file) => [file.path, file]));
  const weights = chooseWeights(byPath);
  const tokenizer = TOKENIZERS.find(([main]) => byPath.has(main));
  const names = [
    ...BESIDE,
    ...(tokenizer === undefined ? [] : [tokenizer[0], ...tokenizer[1]]),
    ...(weights ?? []),
  ];
  const chosen = [...new Set(names)].flatMap((name) => byPath.get(name) ?? []);
  if (weights !== undefined)
    return chosen.sort((a, b) => a.sizeBytes - b.sizeBytes || (a.path < b.path ? -1 : 1));
  throw new MetaclipError(
    'E_MODEL_UNSUPPORTED',
    `${model.name}: none of its ${model.files.length} files can be imported`,
    {
      hint: 'it needs config.json with model.safetensors or pytorch_model.bin, open_clip_config.json with weights, or onnx/vision_model.onnx and text_model.onnx',
      details: { name: model.name },
    },
  );
}

function chooseWeights(byPath: ReadonlyMap<string, HubFile>): string[] | undefined {
  for (const [config, candidates] of WEIGHTS_OF) {
    const found = byPath.has(config) ? candidates.find((name) => byPath.has(name)) : undefined;
    if (found !== undefined)
      return found.endsWith('.index.json') ? [found, ...partsOf(found, byPath)] : [found];
  }
  for (const folder of ['onnx/', '']) {
    const find = (names: readonly string[]): string | undefined =>
      names.map((name) => folder + name).find((path) => byPath.has(path));
    const graphs = [find(GRAPH_NAMES.vision), find(GRAPH_NAMES.text)].filter((path) => path !== undefined);
    if (graphs.length > 0) {
      return [...byPath.keys()].filter((path) =>
        graphs.some((graph) => path === graph || path.startsWith(`${graph}_data`)),
      );
    }
  }
  return undefined;
}

/** `model.safetensors.index.json` has `model-00001-of-00002.safetensors` and so on. */
function partsOf(index: string, byPath: ReadonlyMap<string, HubFile>): string[] {
  const [stem = '', extension = ''] = index.split('.');
  const part = new RegExp(`^${stem}-\\d{5}-of-\\d{5}\\.${extension}$`);
  return [...byPath.keys()].filter((path) => part.test(path));
}
