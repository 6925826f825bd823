/** A model in some lines, for people. */
import type { ModelManifest, TextPooling, TowerShape } from '../model/model-folder.ts';

/**
 * @param manifest - of a model folder
 * @returns its name and what it is, without a line end
 */
export function describeModel(manifest: ModelManifest): string {
  const { vision, text, architecture, tokenizer } = manifest;
  const rows: [string, string][] = [
    ['licence', manifest.licence ?? 'not stated'],
    [
      'images',
      vision === null
        ? 'none'
        : `${vision.imageSize} px${vision.patchSize === null ? '' : `, patches of ${vision.patchSize}`}${describeTower(architecture.vision)}`,
    ],
    [
      'texts',
      text === null
        ? 'none'
        : `${text.contextLength} tokens of ${text.vocabSize.toLocaleString('en-US')}${describeTower(architecture.text)}; the text is ${describePooling(text.pooling)}`,
    ],
    ['tokenizer', tokenizer === null ? 'none: texts cannot be embedded' : tokenizer.file],
    ['embedding', `${manifest.embedDim} values; logit scale ${manifest.logitScale.toFixed(2)}`],
    ['activation', architecture.activation ?? 'inside the graphs'],
    ['weights', manifest.dtype],
    ['fingerprint', manifest.fingerprint],
  ];
  return [manifest.name, ...rows.map(([label, value]) => `  ${label.padEnd(13)}${value}`)].join('\n');
}

function describeTower(tower: TowerShape | null): string {
  return tower === null ? '' : `; ${tower.layers} layers, width ${tower.width}, ${tower.heads} heads`;
}

function describePooling(pooling: TextPooling): string {
  return pooling.kind === 'argmax' ? 'its token with the highest id' : `its first token ${pooling.id}`;
}
