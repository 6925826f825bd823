/** `metaclip compare`: how near two images, two texts, or an image and a text are. */
import { statSync } from 'node:fs';
import type { TextOrImage } from '../model/metaclip.ts';
import type { Command } from './command.ts';
import { MODEL_OPTIONS, withModel } from './model-options.ts';

/** The command. */
export const compareCommand: Command = {
  name: 'compare',
  summary: 'cosine of two images, two texts, or an image and a text',
  positionals: 'A B',
  arity: [2, 2],
  description: [
    'Each of A and B is an image if there is such a file, it is called like one, or it is an address (with --urls); else it is',
    'a text. `text:` or `image:` in front decides. Prints the cosine of the embeddings, from -1 to 1. Images and texts lie in',
    'different regions: 0.3 is much between an image and a text, and little between two images.',
  ].join('\n'),
  options: {
    json: { type: 'boolean', help: 'print JSON: what was compared, the cosine, the model' },
    ...MODEL_OPTIONS,
  },
  examples: [
    {
      command: 'metaclip compare cat.jpg "a photo of a cat" --model b32',
      what: 'does the text fit the image',
    },
    { command: 'metaclip compare one.png other.png --json', what: 'two images' },
  ],
  run: async (args, io) => {
    const [a, b] = [sideOf(args.positionals[0] ?? ''), sideOf(args.positionals[1] ?? '')];
    const { cosine, fingerprint } = await withModel(args, io, async (model) => ({
      cosine: await model.compare(a, b, { signal: io.signal }),
      fingerprint: model.fingerprint,
    }));
    if (args.flag('json')) io.out(`${JSON.stringify({ a, b, cosine, model: fingerprint })}\n`);
    else io.out(`${cosine.toFixed(4)}  ${describe(a)} - ${describe(b)}\n`);
    return 0;
  },
};

function sideOf(argument: string): TextOrImage {
  const marked = /^(text|image):(.*)$/s.exec(argument);
  if (marked?.[1] === 'text') return { text: marked[2] ?? '' };
  if (marked?.[1] === 'image') return { image: marked[2] ?? '' };
  const isNamedLikeOne = /^[^\s]+\.(?:jpe?g|png|webp|gif|tiff?|avif|bmp|svg)$/i.test(argument);
  const isImage =
    isNamedLikeOne ||
    /^https?:\/\//i.test(argument) ||
    statSync(argument, { throwIfNoEntry: false })?.isFile() === true;
  return isImage ? { image: argument } : { text: argument };
}

function describe(side: TextOrImage): string {
  return 'text' in side ? `text ${JSON.stringify(side.text)}` : `image ${String(side.image)}`;
}
