/** How images are to be prepared for a model: what its folder says, else what MetaCLIP's own code does. */
import { readFile } from 'node:fs/promises';
import { describeSystemError, MetaclipError } from '../../common/errors.ts';
import { clipPreprocessSpec, outputSizeOf, type PreprocessSpec } from '../preprocess/preprocess-spec.ts';
import { parsePreprocessorConfig } from '../preprocess/preprocessor-config.ts';

/**
 * @param path - preprocessor_config.json, where there is one
 * @param stated - what an open_clip config says, where it does
 * @param imageSize - side of the images that the graph takes
 * @returns the spec; `preprocessor_config.json` wins
 * @throws {@link MetaclipError} `E_PREPROCESS_CONFIG`, also when it gives images of another size; `E_INPUT_UNREADABLE`
 */
export async function resolvePreprocess(
  path: string | undefined,
  stated: PreprocessSpec | undefined,
  imageSize: number,
): Promise<PreprocessSpec> {
  const spec = path === undefined ? (stated ?? clipPreprocessSpec(imageSize)) : await readPreprocessor(path);
  const { width, height } = outputSizeOf(spec);
  if (width === imageSize && height === imageSize) return spec;
  throw new MetaclipError(
    'E_PREPROCESS_CONFIG',
    `${path ?? 'preprocess_cfg'}: gives images of ${width} x ${height}, the model takes ${imageSize} x ${imageSize}`,
    { hint: 'take the file that belongs to the weights', details: { width, height, imageSize } },
  );
}

async function readPreprocessor(path: string): Promise<PreprocessSpec> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw describeSystemError(error, path, 'read');
  }
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch (error) {
    throw new MetaclipError('E_PREPROCESS_CONFIG', `${path}: not valid JSON`, {
      hint: 'download the file again, or remove it to take the preprocessing of MetaCLIP',
      details: { path },
      cause: error,
    });
  }
  return parsePreprocessorConfig(config, path);
}
