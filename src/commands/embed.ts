/** `metaclip embed`: embeddings of many images or texts, as files. */
import { formatCount } from '../common/progress.ts';
import { checkOneOf } from '../curation/curate-options.ts';
import { embed, EMBED_FORMATS } from '../model/embed/embed.ts';
import { EMBEDDING_DTYPES } from '../model/embed/npy.ts';
import type { Command } from './command.ts';
import { MODEL_OPTIONS, noteRefused, requireOut, withModel, withProgress } from './model-options.ts';

/** The command. */
export const embedCommand: Command = {
  name: 'embed',
  summary: 'embeddings of images or texts as .npy or Parquet files',
  positionals: '[IMAGES...]',
  arity: [0, Infinity],
  description: [
    'Images are files and folders with their sub-folders. Each embedding has length 1. The files lie as clip-retrieval lays them:',
    '  DIR/img_emb/img_emb_0.npy   DIR/text_emb/text_emb_0.npy   DIR/metadata/metadata_0.parquet',
    'row i of each belongs together. An interrupted call goes on with the same command. Images that cannot be used are counted by',
    'reason and listed in DIR/refused.jsonl; they end nothing.',
  ].join('\n'),
  options: {
    out: {
      type: 'string',
      short: 'o',
      value: 'DIR',
      help: 'output folder: new, empty, or of an interrupted call',
    },
    captions: { type: 'boolean', help: 'embed the text in NAME.txt beside each image too' },
    texts: {
      type: 'string',
      multiple: true,
      value: 'FILE',
      help: 'embed texts, one a line, instead of images',
    },
    format: {
      type: 'string',
      value: 'NAME',
      help: `npy (default), or parquet: one table with names and fixed-size lists`,
    },
    dtype: { type: 'string', value: 'NAME', help: 'numbers in .npy files: float32 (default) or float16' },
    'part-size': { type: 'string', value: 'N', help: 'images or texts a file (default 10000)' },
    json: { type: 'boolean', help: 'print the counts as JSON' },
    ...MODEL_OPTIONS,
  },
  examples: [
    { command: 'metaclip embed photos --out embedded --model b32', what: 'a folder of images' },
    {
      command: 'metaclip embed --texts captions.txt --out embedded --dtype float16 --model b32',
      what: 'a list of texts, in half the space',
    },
    {
      command: 'metaclip embed photos --captions --format parquet --out embedded --model b32',
      what: 'images and the texts beside them, as a table',
    },
  ],
  run: async (args, io) => {
    const out = requireOut(args, 'metaclip embed photos --out embedded');
    const partSize = args.number('part-size');
    const textFiles = args.texts('texts');
    const options = {
      out,
      images: args.positionals,
      textFiles,
      captions: args.flag('captions'),
      format: checkOneOf('--format', args.text('format') ?? 'npy', EMBED_FORMATS),
      dtype: checkOneOf('--dtype', args.text('dtype') ?? 'float32', EMBEDDING_DTYPES),
      signal: io.signal,
      ...(partSize === undefined ? {} : { partSize }),
    };
    const what = textFiles.length > 0 ? 'texts' : 'images';
    const summary = await withModel(args, io, (model) =>
      withProgress(io, what, (onProgress) => embed(model, { ...options, onProgress })),
    );
    if (args.flag('json')) {
      io.out(`${JSON.stringify(summary)}\n`);
      return 0;
    }
    if (summary.keptParts > 0) {
      io.note(
        `${formatCount(summary.keptParts)} of ${formatCount(summary.parts)} parts were there already\n`,
      );
    }
    noteRefused(io, summary.refused);
    io.out(`${formatCount(summary.rows)} ${what} embedded, ${summary.dimension} numbers each: ${out}\n`);
    return 0;
  },
};
