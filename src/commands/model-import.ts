/** `metaclip model import`: a checkpoint or ready graphs become a model folder. */
import { MetaclipError } from '../common/errors.ts';
import { importModel } from '../model/import/import-model.ts';
import type { Command } from './command.ts';
import { IMPORT_OPTIONS, printImport, readImportOptions, withByteProgress } from './import-options.ts';

/** The command. */
export const modelImportCommand: Command = {
  name: 'model import',
  summary: 'make a model folder of a checkpoint, without Python',
  positionals: 'SOURCE',
  arity: [1, 1],
  description: [
    'SOURCE is a folder as on the Hugging Face hub (config.json with model.safetensors, also in parts, or pytorch_model.bin), an',
    'open_clip folder (open_clip_config.json), a checkpoint of open_clip, OpenAI or MetaCLIP (.safetensors, .pt), or a folder with',
    'ready ONNX graphs (vision_model.onnx, text_model.onnx). From weights the graphs are written here. They point into the',
    'checkpoint, which is hard-linked into DIR, so it takes no second copy; --embed, --dtype and --quantize write new files.',
    'A pickle is read as data: what asks for more than tensors is refused. A bare checkpoint needs --config, or --activation.',
  ].join('\n'),
  options: {
    out: { type: 'string', value: 'DIR', help: 'model folder; may be SOURCE itself' },
    config: {
      type: 'string',
      value: 'FILE',
      help: 'config.json, open_clip_config.json or an open_clip model config',
    },
    ...IMPORT_OPTIONS,
  },
  examples: [
    { command: 'metaclip model import downloads/metaclip-b32-400m --out b32', what: 'a folder from the hub' },
    {
      command:
        'metaclip model import b32_400m.pt --activation quick_gelu --tokenizer tokenizer.json --out b32',
      what: "MetaCLIP's own checkpoint",
    },
    {
      command: 'metaclip model import models/emoji --quantize int8 --out emoji-int8',
      what: 'a quarter of the size',
    },
  ],
  run: async (args, io) => {
    const out = args.text('out');
    if (out === undefined) {
      throw new MetaclipError('E_USAGE', 'metaclip model import: --out DIR is missing', {
        hint: 'see `metaclip model import --help`',
      });
    }
    const config = args.text('config');
    const options = readImportOptions(args);
    const result = await withByteProgress(io, 'import', (onProgress) =>
      importModel(args.positionals[0] ?? '', out, {
        ...options,
        ...(config === undefined ? {} : { config }),
        signal: io.signal,
        onProgress,
      }),
    );
    printImport(args, io, result);
    return 0;
  },
};
