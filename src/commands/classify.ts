/** `metaclip classify`: which of some classes an image shows. */
import { formatCount } from '../common/progress.ts';
import { checkConfidence } from '../model/label/label.ts';
import type { MetaCLIP } from '../model/metaclip.ts';
import { countReason, refusalReason, sortedReasons } from '../model/refusals.ts';
import { type Prediction, predictClasses } from '../model/score/predict.ts';
import { listImages, type ListedImage } from '../model/list-images.ts';
import type { Command, CommandIo } from './command.ts';
import { MetaclipError } from '../common/errors.ts';
import { CLASS_OPTIONS, MODEL_OPTIONS, noteRefused, readClasses, withModel } from './model-options.ts';

/** Characters of a full bar. */
const BAR_WIDTH = 24;

/** The command. */
export const classifyCommand: Command = {
  name: 'classify',
  summary: 'which of some classes an image shows, with probabilities',
  positionals: 'IMAGE...',
  arity: [1, Infinity],
  description: [
    'Zero-shot: no training, the classes are texts. The probability is the softmax of the cosines times the scale that the',
    'model was trained with, so it says which class fits best among those given, not whether any fits. An image may be a file,',
    'a folder, or with --urls an address. One that cannot be used is named and ends nothing.',
  ].join('\n'),
  options: {
    ...CLASS_OPTIONS,
    confidence: { type: 'string', value: 'P', help: 'leave out classes below this probability (default 0)' },
    top: { type: 'string', value: 'N', help: 'show the N best classes (default 5)' },
    json: { type: 'boolean', help: 'one JSON object a line for each image' },
    ...MODEL_OPTIONS,
  },
  examples: [
    {
      command:
        'metaclip classify chrysler.jpg --class "The Empire State Building" --class "The Chrysler Building" --model b32',
      what: 'which building is it',
    },
    {
      command: 'metaclip classify photos --ontology pets.json --template "a photo of a {}." --json',
      what: 'all images of a folder, for a program',
    },
  ],
  run: async (args, io) => {
    const confidence = args.number('confidence') ?? 0;
    const top = args.number('top') ?? 5;
    checkConfidence(confidence);
    const { ontology, templates } = await readClasses(args);
    const images = await listSources(args.positionals);
    const isJson = args.flag('json');
    const reasons = new Map<string, number>();
    let classified = 0;
    await withModel(args, io, async (model) => {
      const weights = await model.promptWeights(ontology, templates, { signal: io.signal });
      const { dimension, fingerprint, logitScale } = model;
      const sources = images.map(({ path }) => path);
      for await (const result of embed(model, sources, io)) {
        const name = images[result.index]?.path ?? '';
        if (!result.ok) {
          countReason(reasons, refusalReason(result.error));
          if (isJson) io.out(`${JSON.stringify({ image: name, error: result.error.toPlain() })}\n`);
          else io.note(`${result.error.code}  ${result.error.message}\n`);
          continue;
        }
        classified++;
        const row = { data: result.embedding, count: 1, dimension, fingerprint };
        const [all = []] = predictClasses(row, weights, ontology, logitScale);
        const shown = all.filter((one) => one.confidence >= confidence).slice(0, top);
        if (isJson) io.out(`${JSON.stringify({ image: name, predictions: shown })}\n`);
        else io.out(describe(name, shown, confidence));
      }
    });
    if (images.length > 1 || classified === 0) noteRefused(io, sortedReasons(reasons));
    if (images.length > 1)
      io.note(`${formatCount(classified)} of ${formatCount(images.length)} images classified\n`);
    return classified > 0 ? 0 : 3;
  },
};

function embed(
  model: MetaCLIP,
  sources: readonly string[],
  io: CommandIo,
): ReturnType<MetaCLIP['embedImages']> {
  return model.embedImages(sources, { signal: io.signal });
}

/** Files and folders are listed; addresses stay, and the encoder refuses them where they are not allowed. */
async function listSources(inputs: readonly string[]): Promise<ListedImage[]> {
  const images: ListedImage[] = [];
  for (const input of inputs) {
    if (/^[a-z][a-z0-9+.-]+:\/\//i.test(input)) images.push({ path: input, name: input });
    else images.push(...(await listOne(input)));
  }
  return images;
}

/** A file that is not there is one bad image among others, named when its turn comes. */
async function listOne(input: string): Promise<ListedImage[]> {
  try {
    return await listImages([input]);
  } catch (error) {
    if (error instanceof MetaclipError && error.code === 'E_INPUT_NOT_FOUND')
      return [{ path: input, name: input }];
    throw error;
  }
}

function describe(name: string, predictions: readonly Prediction[], confidence: number): string {
  const width = Math.max(0, ...predictions.map((one) => one.class.length));
  const rows = predictions.map((one) => {
    const bar = '█'.repeat(Math.round(one.confidence * BAR_WIDTH));
    return `  ${one.class.padEnd(width)}  ${one.confidence.toFixed(4)}  ${bar}`.trimEnd();
  });
  if (rows.length === 0) rows.push(`  no class has a probability of ${confidence} or more`);
  return `${name}\n${rows.join('\n')}\n`;
}
