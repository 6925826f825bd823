/** `metaclip extract`: the pairs of some files as JSON lines, to look at or to pass on; no run directory. */
import { checkOneOf, DEFAULT_CURATE_OPTIONS } from '../curation/curate-options.ts';
import { COMPAT_MODES } from '../curation/compat.ts';
import { extractPairs } from '../curation/extract-pairs.ts';
import { uidOf, uuidOf } from '../curation/pair-ids.ts';
import { DropLog } from '../curation/sources/source.ts';
import { formatCount } from '../common/progress.ts';
import type { Command } from './command.ts';
import { EXTRACT_OPTIONS } from './curation-options.ts';

/** The command. */
export const extractCommand: Command = {
  name: 'extract',
  summary: 'the pairs of crawl files or pools as JSON lines, before any matching',
  positionals: 'INPUT...',
  arity: [1, Infinity],
  description: [
    'One line a pair on the standard output: uid, uuid, url, text, text_key, page_url. What was left out, by reason, goes',
    'to the standard error. The matching stage does not need this: it extracts by itself.',
  ].join('\n'),
  options: { ...EXTRACT_OPTIONS, limit: { type: 'string', value: 'N', help: 'stop after N pairs' } },
  examples: [
    { command: 'metaclip extract crawl.warc.wat.gz --limit 5', what: 'look at the first five' },
    { command: 'metaclip extract page.warc.gz > pairs.jsonl', what: 'all pairs of a WARC' },
  ],
  run: async (args, io) => {
    const drops = new DropLog();
    const urlColumn = args.text('url-column');
    const textColumn = args.text('text-column');
    const limit = args.number('limit') ?? Infinity;
    const batches = extractPairs(args.positionals, {
      compat: checkOneOf('--compat', args.text('compat') ?? DEFAULT_CURATE_OPTIONS.compat, COMPAT_MODES),
      drops,
      ...(urlColumn === undefined ? {} : { urlColumn }),
      ...(textColumn === undefined ? {} : { textColumn }),
    });
    let count = 0;
    for await (const batch of batches) {
      let lines = '';
      for (const { url, text, textKey, pageUrl } of batch) {
        if (count >= limit) break;
        count++;
        const row = {
          uid: uidOf(url, text),
          uuid: uuidOf(url),
          url,
          text,
          text_key: textKey,
          page_url: pageUrl,
        };
        lines += `${JSON.stringify(row)}\n`;
      }
      if (lines !== '') io.out(lines);
      if (count >= limit || io.signal.aborted) break;
    }
    const reasons = [...drops.counts].sort(([a], [b]) => (a < b ? -1 : 1));
    io.note(`${formatCount(count)} pairs\n`);
    for (const [reason, dropped] of reasons) io.note(`  ${reason} ${formatCount(dropped)}\n`);
    return io.signal.aborted ? 130 : 0;
  },
};
