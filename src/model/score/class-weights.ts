/** Zero-shot classifiers: one vector for each name, made of all its prompts. */
import { type Embeddings, normaliseRows } from './embeddings.ts';
import { checkTemplates, fillTemplate } from './templates.ts';

/** Makes embeddings of texts; rows of length 1 in the order of the texts. */
export type EmbedTexts = (texts: readonly string[]) => Promise<Embeddings>;

/** Prompts embedded in one call: 13 classes of ImageNet's 80 templates. */
const PROMPTS_A_CALL = 1024;

/**
 * The published way: for each name every template is filled and embedded, each embedding normalised, their mean taken and
 * normalised again (open_clip's and MetaCLIP's zero-shot classifier).
 *
 * Memory: the result and 1,024 prompts at a time, whatever the number of names.
 *
 * @param embedTexts - the model's text side
 * @param names - what goes into the templates; equal names give equal rows
 * @param templates - texts with `{}`
 * @param onProgress - called with the number of prompts done
 * @returns one row of length 1 for each name, in their order
 * @throws {@link MetaclipError} `E_USAGE` for templates without `{}` or names missing; what `embedTexts` throws
 */
export async function buildClassWeights(
  embedTexts: EmbedTexts,
  names: readonly string[],
  templates: readonly string[],
  onProgress?: (donePrompts: number) => void,
): Promise<Embeddings> {
  checkTemplates(templates);
  const total = names.length * templates.length;
  let sums = new Float64Array(0);
  let last: Embeddings | undefined;
  for (let start = 0; start < total || last === undefined; start += PROMPTS_A_CALL) {
    const prompts = Array.from({ length: Math.min(PROMPTS_A_CALL, total - start) }, (_, index) => {
      const at = start + index;
      const name = names[Math.floor(at / templates.length)] ?? '';
      return fillTemplate(templates[at % templates.length] ?? '', name);
    });
    last = await embedTexts(prompts);
    const { dimension, data } = last;
    if (sums.length === 0) sums = new Float64Array(names.length * dimension);
    for (let row = 0; row < prompts.length; row++) {
      const to = Math.floor((start + row) / templates.length) * dimension;
      for (let k = 0; k < dimension; k++) {
        sums[to + k] = (sums[to + k] ?? 0) + (data[row * dimension + k] ?? 0);
      }
    }
    onProgress?.(start + prompts.length);
  }
  const { dimension, fingerprint } = last;
  // Dividing by the number of templates would change nothing: the sum is normalised.
  const data = normaliseRows(Float32Array.from(sums), dimension);
  return { data, count: names.length, dimension, fingerprint };
}
