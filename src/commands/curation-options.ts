/** Options that several curation commands share, and their reading. */
import { MetaclipError } from '../common/errors.ts';
import { COMPAT_MODES } from '../curation/compat.ts';
import {
  type CapChoice,
  checkOneOf,
  type CurateOptions,
  DEFAULT_CURATE_OPTIONS,
  type RunControl,
} from '../curation/curate-options.ts';
import { SHARD_SCHEMAS } from '../curation/write/shard-schema.ts';
import type { CommandIo, OptionSpec, ParsedArgs } from './command.ts';
import { showRunProgress } from './run-progress.ts';

/** The cap and the seed. */
export const BALANCE_OPTIONS = {
  t: {
    type: 'string',
    value: 'N',
    help: 'cap per entry (default 20000, the published one of the 400 M pool)',
  },
  'tail-share': {
    type: 'string',
    value: 'P',
    help: 'cap from the share of matches on tail entries, e.g. 0.06',
  },
  target: { type: 'string', value: 'N', help: 'cap from the number of curated pairs wanted' },
  seed: { type: 'string', value: 'N', help: 'seed of the draws (default 0); same seed, same pairs' },
} as const satisfies Record<string, OptionSpec>;

/** Column names of the shards. */
export const WRITE_OPTIONS = {
  schema: {
    type: 'string',
    value: 'NAME',
    help: `columns of the shards: ${SHARD_SCHEMAS.join(', ')}\n(default: uid, uuid, url, caption, text_key, lang, page_url, entry_ids, keep_prob)`,
  },
} as const satisfies Record<string, OptionSpec>;

/** How a run is carried out. */
export const CONTROL_OPTIONS = {
  workers: { type: 'string', value: 'N', help: 'worker threads (default: one a core)' },
  json: { type: 'boolean', help: 'print the summary as JSON' },
} as const satisfies Record<string, OptionSpec>;

/** What is read, and how. */
export const EXTRACT_OPTIONS = {
  compat: {
    type: 'string',
    value: 'MODE',
    help: `metaclip: equal to the original, its quirks included (default);\nmended: punctuated entries match, <base href> counts, newlines become spaces`,
  },
  'url-column': {
    type: 'string',
    value: 'NAME',
    help: 'url column or key of pools (default: found by itself)',
  },
  'text-column': {
    type: 'string',
    value: 'NAME',
    help: 'text column or key of pools (default: found by itself)',
  },
} as const satisfies Record<string, OptionSpec>;

/** What is matched and kept. */
export const MATCH_OPTIONS = {
  out: {
    type: 'string',
    short: 'o',
    value: 'DIR',
    help: 'run directory (new, empty, or of an interrupted run)',
  },
  metadata: {
    type: 'string',
    value: 'FILE',
    help: 'entry list: a JSON array of strings, or one entry a line\n(default: 86,654 entries, WordNet 3.0 and the numbers 0-99)',
  },
  lang: {
    type: 'string',
    value: 'en|off',
    help: 'keep texts that lid.176 calls English (default), or ask nothing',
  },
  'lang-threshold': {
    type: 'string',
    value: 'P',
    help: 'least probability of English (default 0: the best label decides)',
  },
  'drop-list': {
    type: 'string',
    value: 'FILE',
    help: 'drop pairs with these words or image hosts, one a line',
  },
  ...EXTRACT_OPTIONS,
} as const satisfies Record<string, OptionSpec>;

/**
 * @param args - parsed arguments of a command with {@link BALANCE_OPTIONS}
 * @returns cap and seed as given
 */
export function readBalanceOptions(args: ParsedArgs): CapChoice & { seed?: number } {
  const [t, tailShare, target, seed] = ['t', 'tail-share', 'target', 'seed'].map((name) => args.number(name));
  return {
    ...(t === undefined ? {} : { t }),
    ...(tailShare === undefined ? {} : { tailShare }),
    ...(target === undefined ? {} : { target }),
    ...(seed === undefined ? {} : { seed }),
  };
}

/**
 * @param args - parsed arguments of a command with all option groups
 * @returns options of a run, without control
 * @throws {@link MetaclipError} `E_USAGE`
 */
export function readCurateOptions(args: ParsedArgs): CurateOptions {
  const out = args.text('out');
  if (out === undefined) {
    throw new MetaclipError('E_USAGE', '--out DIR is missing', {
      hint: 'name a folder for the run: --out my-run',
    });
  }
  const { lang, compat, schema } = DEFAULT_CURATE_OPTIONS;
  const optional = {
    metadata: args.text('metadata'),
    dropList: args.text('drop-list'),
    urlColumn: args.text('url-column'),
    textColumn: args.text('text-column'),
  };
  const langThreshold = args.number('lang-threshold');
  return {
    inputs: args.positionals,
    out,
    lang: checkOneOf('--lang', args.text('lang') ?? lang, ['en', 'off'] as const),
    compat: checkOneOf('--compat', args.text('compat') ?? compat, COMPAT_MODES),
    schema: checkOneOf('--schema', args.text('schema') ?? schema, SHARD_SCHEMAS),
    ...(langThreshold === undefined ? {} : { langThreshold }),
    ...readBalanceOptions(args),
    ...(optional.metadata === undefined ? {} : { metadata: optional.metadata }),
    ...(optional.dropList === undefined ? {} : { dropList: optional.dropList }),
    ...(optional.urlColumn === undefined ? {} : { urlColumn: optional.urlColumn }),
    ...(optional.textColumn === undefined ? {} : { textColumn: optional.textColumn }),
  };
}

/**
 * Runs something long with progress on the terminal and Ctrl-C wired.
 *
 * @param args - parsed arguments of a command with {@link CONTROL_OPTIONS}
 * @param io - where notes go
 * @param run - the work
 * @returns what the work returned
 */
export async function withControl<T>(
  args: ParsedArgs,
  io: CommandIo,
  run: (control: RunControl) => Promise<T>,
): Promise<T> {
  const progress = showRunProgress(io);
  const workers = args.number('workers');
  try {
    return await run({
      signal: io.signal,
      onProgress: progress.onProgress,
      ...(workers === undefined ? {} : { workers }),
    });
  } finally {
    progress.end();
  }
}
